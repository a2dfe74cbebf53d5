//! Puts the built-in rule pages into the program: one table entry a page, in the order of their paths.

use std::{env, fmt::Write as _, fs, path::Path};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../rules").canonicalize()?;
    println!("cargo::rerun-if-changed={}", root.display());
    let mut pages = Vec::new();
    for facet in fs::read_dir(&root)?.flatten().filter(|f| f.path().is_dir()) {
        println!("cargo::rerun-if-changed={}", facet.path().display());
        for page in fs::read_dir(facet.path())?.flatten() {
            let path = page.path();
            if path.extension().is_some_and(|e| e == "md") {
                let id = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
                pages.push((facet.file_name().to_string_lossy().into_owned(), id, path));
            }
        }
    }
    pages.sort();
    let mut table = String::from(
        "/// Facet, id and text of every built-in page.\nconst BUILTIN: &[(&str, &str, &str)] = &[\n",
    );
    for (facet, id, path) in pages {
        writeln!(table, "    ({facet:?}, {id:?}, include_str!({:?})),", path.display().to_string())?;
    }
    table.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("builtin_rules.rs"), table)?;
    Ok(())
}
