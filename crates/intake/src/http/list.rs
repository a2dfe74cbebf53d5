//! Lists in header fields of a request: `a@b.c, <d@e.f>, "x,y"@g.h`.

/// The items of a comma-separated list, without the blanks and angle brackets around them. A comma inside quotes, or
/// behind a backslash, belongs to its item. Empty items are left out.
pub(super) fn items(list: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut item = String::new();
    let (mut quoted, mut escaped) = (false, false);
    for char in list.chars() {
        if char == ',' && !quoted && !escaped {
            push(&mut out, &mut item);
            continue;
        }
        item.push(char);
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
    }
    push(&mut out, &mut item);
    out
}

fn push(out: &mut Vec<String>, item: &mut String) {
    let bare = bare(item);
    if !bare.is_empty() {
        out.push(bare.to_owned());
    }
    item.clear();
}

/// An address without the blanks and angle brackets around it; `<>` is empty.
pub(super) fn bare(address: &str) -> &str {
    let address = address.trim();
    let inner = address.strip_prefix('<').and_then(|inner| inner.strip_suffix('>'));
    inner.unwrap_or(address).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(list: &str, want: &str) {
        assert_eq!(items(list).join(" | "), want, "{list}");
    }

    #[test]
    fn commas_part_items_unless_quoted_or_escaped() {
        check("a@b.c,d@e.f", "a@b.c | d@e.f");
        check(" <a@b.c> , <d@e.f>,", "a@b.c | d@e.f");
        check(r#""x,y"@z.z, a@b.c"#, r#""x,y"@z.z | a@b.c"#);
        check(r#""x\",y"@z.z,a@b.c"#, r#""x\",y"@z.z | a@b.c"#);
        check(r"x\,y@z.z,a@b.c", r"x\,y@z.z | a@b.c");
        check(r#""never closed, a@b.c"#, r#""never closed, a@b.c"#);
        check("", "");
        check(" ,, <> ,", "");
    }

    proptest::proptest! {
        #[test]
        fn any_text_gives_a_list(list in "[a,\"\\\\<> é]{0,40}") {
            let items = items(&list);
            let commas = list.matches(',').count();
            proptest::prop_assert!(items.len() <= commas + 1);
            proptest::prop_assert!(items.iter().all(|item| !item.is_empty() && list.contains(item.as_str())));
        }
    }
}
