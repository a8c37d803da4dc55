//! JSON that may be wrong in ways that a tree of values can't be: with names that come twice, numbers
//! of any length, and what isn't JSON at all.

use serde_json::{Map, Value};

/// Begins a text that is written without quotes, and a name that stands for another one. Of the
/// private use area, so that nobody else begins so.
const MARK: char = '\u{E000}';

/// A value that is written as these characters.
pub(crate) fn raw(text: &str) -> Value {
    Value::String(format!("{MARK}{text}"))
}

/// Puts another value of a name into an object, beside the one that it has.
pub(crate) fn add_again(object: &mut Map<String, Value>, name: &str, value: Value) {
    object.insert(format!("{MARK}{name}"), value);
}

/// The text of a value.
pub(crate) fn text(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::String(string) if string.starts_with(MARK) => {
            *text += string.trim_start_matches(MARK);
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        Value::Object(object) => {
            text.push('{');
            for (index, (name, value)) in object.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                *text += &Value::from(name.trim_start_matches(MARK)).to_string();
                text.push(':');
                write(value, text);
            }
            text.push('}');
        }
        simple => *text += &simple.to_string(),
    }
}

/// The JSON pointers of all values in a value, itself first.
pub(crate) fn pointers(value: &Value) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut at = 0;
    while let Some(pointer) = found.get(at).cloned() {
        match value.pointer(&pointer) {
            Some(Value::Array(items)) => {
                found.extend((0..items.len()).map(|index| format!("{pointer}/{index}")));
            }
            Some(Value::Object(object)) => {
                let names = object.keys().map(|name| name.replace('~', "~0"));
                found.extend(names.map(|name| format!("{pointer}/{}", name.replace('/', "~1"))));
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Takes the value at a pointer out of the array or object that it is in.
pub(crate) fn remove(value: &mut Value, pointer: &str) -> Option<Value> {
    let (parent, name) = pointer.rsplit_once('/')?;
    match value.pointer_mut(parent)? {
        Value::Array(items) => {
            let index = name.parse().ok().filter(|index| *index < items.len())?;
            Some(items.remove(index))
        }
        Value::Object(object) => object.remove(&name.replace("~1", "/").replace("~0", "~")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_no_json_is_written_as_it_is() {
        let mut value = json!({ "a": [1, raw("1e999")], "b": "\"" });
        add_again(value.as_object_mut().unwrap(), "a", json!(null));
        assert_eq!(text(&value), "{\"a\":[1,1e999],\"b\":\"\\\"\",\"a\":null}");
    }

    #[test]
    fn json_is_written_as_serde_json_does() {
        let value = json!({ "a/b": [{}, [], true, null, 1.5, "ü\u{0}"], "~": { "c": -1 } });
        assert_eq!(text(&value), value.to_string());
    }

    #[test]
    fn every_value_has_a_pointer() {
        let mut value = json!({ "a/b": [{ "~": 1 }] });
        let pointers = pointers(&value);
        assert_eq!(pointers, ["", "/a~1b", "/a~1b/0", "/a~1b/0/~0"]);
        for pointer in &pointers {
            assert!(value.pointer(pointer).is_some(), "{pointer}");
        }
        assert_eq!(remove(&mut value, "/a~1b/0/~0"), Some(json!(1)));
        assert_eq!(remove(&mut value, "/a~1b/1"), None);
        assert_eq!(remove(&mut value, ""), None);
        assert_eq!(value, json!({ "a/b": [{}] }));
    }
}
