//! Whether JSON keeps to a published schema.

/// Compares a value with the parts of JSON Schema that our schema uses.
pub(crate) fn conforms(value: &serde_json::Value, schema: &serde_json::Value, at: &str) {
    use serde_json::Value as V;
    if let Some(allowed) = schema.get("enum").and_then(V::as_array) {
        assert!(allowed.contains(value), "{at}: {value} is not one of {allowed:?}");
    }
    let name = match value {
        V::Null => "null",
        V::Bool(_) => "boolean",
        V::Number(n) if n.is_f64() => "number",
        V::Number(_) => "integer",
        V::String(_) => "string",
        V::Array(_) => "array",
        V::Object(_) => "object",
    };
    if let Some(wanted) = schema.get("type") {
        let wanted: Vec<&str> = wanted.as_str().map_or_else(
            || wanted.as_array().unwrap().iter().filter_map(V::as_str).collect(),
            |one| vec![one],
        );
        let number = name == "integer" && wanted.contains(&"number");
        assert!(number || wanted.contains(&name), "{at}: {name} where {wanted:?} is wanted");
    }
    if let V::Object(object) = value {
        for required in schema.get("required").and_then(V::as_array).into_iter().flatten() {
            assert!(object.contains_key(required.as_str().unwrap()), "{at}: {required} is missing");
        }
        let known = schema.get("properties").and_then(V::as_object);
        for (key, inner) in object {
            let inner_schema = known.and_then(|k| k.get(key));
            assert!(inner_schema.is_some(), "{at}.{key} is not in the schema");
            conforms(inner, inner_schema.unwrap(), &format!("{at}.{key}"));
        }
    }
    if let (V::Array(items), Some(schema)) = (value, schema.get("items")) {
        items.iter().for_each(|item| conforms(item, schema, &format!("{at}[]")));
    }
}
