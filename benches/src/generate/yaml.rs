//! Lists of the API server as the manifests that people write: YAML documents, one per object.

use serde_json::Value;

/// Every item of a `List` in JSON as a YAML document of its own.
///
/// # Panics
/// When the text is no list.
#[expect(clippy::expect_used, reason = "the lists are generated beside it")]
pub fn documents(list: &str) -> String {
    let list: Value = serde_json::from_str(list).expect("JSON");
    let text = |key: &str| list.get(key).and_then(Value::as_str).unwrap_or_default();
    let kind = text("kind").trim_end_matches("List").to_owned();
    let version = text("apiVersion").to_owned();
    let mut out = String::new();
    for item in list
        .get("items")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        put(
            &mut out,
            &["---\napiVersion: ", &version, "\nkind: ", &kind, "\n"],
        );
        write(&mut out, item, 0);
    }
    out
}

fn write(out: &mut String, value: &Value, indent: usize) {
    let space = " ".repeat(indent);
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                put(out, &[&space, key, ":"]);
                inner(out, field, indent + 2);
            }
        }
        Value::Array(entries) => {
            for entry in entries {
                put(out, &[&space, "-"]);
                inner(out, entry, indent + 2);
            }
        }
        scalar => {
            put(out, &[&space, &scalar.to_string(), "\n"]);
        }
    }
}

/// What follows a key or a dash.
fn inner(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(fields) if fields.is_empty() => out.push_str(" {}\n"),
        Value::Array(entries) if entries.is_empty() => out.push_str(" []\n"),
        Value::Object(_) | Value::Array(_) => {
            out.push('\n');
            write(out, value, indent);
        }
        scalar => {
            put(out, &[" ", &scalar.to_string(), "\n"]);
        }
    }
}

fn put(out: &mut String, parts: &[&str]) {
    for part in parts {
        out.push_str(part);
    }
}
