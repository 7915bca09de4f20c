//! From a JSON schema to a list of options. The schema is what schemars makes of our types; what it does not make is not
//! understood here.

use serde_json::{Map, Value};

use super::OptionDoc;

/// Deeper than any option; a schema that goes in circles ends here.
const DEPTH_MAX: usize = 16;

pub(super) struct Walk {
    definitions: Value,
    options: Vec<OptionDoc>,
}

impl Walk {
    /// Every option of a schema, from the top down.
    pub(super) fn through(schema: &Value) -> Vec<OptionDoc> {
        let definitions = schema.get("$defs").cloned().unwrap_or_default();
        let mut walk = Self { definitions, options: Vec::new() };
        walk.group(schema, "", 0);
        walk.options
    }

    /// The options inside a group.
    fn group(&mut self, schema: &Value, path: &str, depth: usize) {
        if depth > DEPTH_MAX {
            return;
        }
        let schema = self.resolved(schema);
        let required: Vec<&str> = strings(schema.get("required"));
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            self.option(property, &join(path, name), required.contains(&name.as_str()), depth);
        }
        if let Some(named) = schema.get("additionalProperties").filter(|named| named.is_object()) {
            self.option(named, &join(path, "<name>"), false, depth);
        }
        for kind in alternatives(&schema) {
            let first = self.options.len();
            self.group(kind, path, depth.saturating_add(1));
            // What a kind is for is said at the kind, not at what belongs to it.
            let doc = kind.get("description").and_then(Value::as_str).filter(|_| kind.get("properties").is_some());
            if let (Some(option), Some(doc)) = (self.options.get_mut(first), doc) {
                option.doc = doc.trim().to_owned();
                option.is_required = false;
            }
        }
    }

    fn option(&mut self, property: &Value, path: &str, is_required: bool, depth: usize) {
        let schema = self.resolved(property);
        let doc = schema.get("description").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        let default = schema.get("default").filter(|default| !default.is_null() && !default.is_object()).map(shown);
        let kind = self.kind(property, depth);
        self.options.push(OptionDoc { path: path.to_owned(), kind, default, is_required, doc });
        if is_plain_name(property) || self.is_leaf(&schema) {
            return;
        }
        match schema.get("items") {
            Some(items) if is_plain_name(items) => {}
            Some(items) => self.group(items, &format!("{path}[]"), depth.saturating_add(1)),
            None => self.group(&schema, path, depth.saturating_add(1)),
        }
    }

    /// Secrets and lengths of time are explained once, at the head of the page.
    fn kind(&self, property: &Value, depth: usize) -> String {
        match reference_name(property).as_deref() {
            Some("SecretRef") => return "secret".to_owned(),
            Some("Span") => return "length of time".to_owned(),
            _ => {}
        }
        let schema = self.resolved(property);
        let choices = self.choices(&schema);
        if !choices.is_empty() {
            return format!("one of {}", choices.join(", "));
        }
        let kinds = strings(schema.get("type"));
        let kind = kinds.iter().find(|kind| **kind != "null").copied().unwrap_or_default();
        match kind {
            "array" if depth < DEPTH_MAX => {
                let items = schema.get("items").map(|items| self.kind(items, depth.saturating_add(1)));
                let items = items.unwrap_or_else(|| "value".to_owned());
                if items.starts_with("one of") {
                    format!("list; each {items}")
                } else {
                    format!("list; each a {items}")
                }
            }
            "string" => "text".to_owned(),
            "integer" => whole_number(&schema),
            "number" => "number".to_owned(),
            "boolean" => "true or false".to_owned(),
            _ => "group".to_owned(),
        }
    }

    fn choices(&self, schema: &Value) -> Vec<String> {
        let mut choices: Vec<String> = strings(schema.get("enum")).iter().map(|name| format!("`{name}`")).collect();
        choices.extend(schema.get("const").and_then(Value::as_str).map(|name| format!("`{name}`")));
        for kind in alternatives(schema) {
            let kind = self.resolved(kind);
            match kind.get("properties").and_then(Value::as_object) {
                Some(properties) => choices.extend(properties.keys().map(|name| format!("`{name}: ...`"))),
                None => choices.extend(self.choices(&kind)),
            }
        }
        choices
    }

    fn is_leaf(&self, schema: &Value) -> bool {
        let has = |key: &str| schema.get(key).is_some_and(|value| !value.is_boolean());
        !(has("properties") || has("additionalProperties") || has("items") || has("oneOf") || has("anyOf"))
    }

    /// With `$ref` followed; what stands beside it (a description, a default) wins.
    fn resolved(&self, schema: &Value) -> Value {
        let mut own: Map<String, Value> = schema.as_object().cloned().unwrap_or_default();
        let optional = own.get("anyOf").and_then(Value::as_array).and_then(|kinds| only_one_with_null(kinds)).cloned();
        if let Some(inner) = optional {
            own.remove("anyOf");
            return self.over(own, &inner);
        }
        match own.remove("$ref").as_ref().and_then(Value::as_str).and_then(|to| to.rsplit('/').next()) {
            Some(name) => {
                let target = self.definitions.get(name).cloned().unwrap_or_default();
                self.over(own, &target)
            }
            None => Value::Object(own),
        }
    }

    fn over(&self, own: Map<String, Value>, inner: &Value) -> Value {
        let mut whole: Map<String, Value> = self.resolved(inner).as_object().cloned().unwrap_or_default();
        whole.extend(own);
        Value::Object(whole)
    }
}

fn reference_name(property: &Value) -> Option<String> {
    let direct = property.get("$ref").and_then(Value::as_str).and_then(|to| to.rsplit('/').next());
    match direct {
        Some(name) => Some(name.to_owned()),
        None => property
            .get("anyOf")
            .and_then(Value::as_array)
            .and_then(|kinds| only_one_with_null(kinds))
            .and_then(reference_name),
    }
}

fn is_plain_name(property: &Value) -> bool {
    matches!(reference_name(property).as_deref(), Some("SecretRef" | "Span"))
}

/// The `T` of an `Option<T>`.
fn only_one_with_null(kinds: &[Value]) -> Option<&Value> {
    let is_null = |kind: &&Value| kind.get("type").and_then(Value::as_str) == Some("null");
    let mut others = kinds.iter().filter(|kind| !is_null(kind));
    match (others.next(), others.next()) {
        (Some(one), None) if kinds.len() == 2 => Some(one),
        _ => None,
    }
}

fn alternatives(schema: &Value) -> impl Iterator<Item = &Value> {
    let of = |key: &str| schema.get(key).and_then(Value::as_array).into_iter().flatten();
    of("oneOf").chain(of("anyOf"))
}

fn whole_number(schema: &Value) -> String {
    let bound = |key: &str| schema.get(key).and_then(Value::as_i64);
    let most = bound("maximum").or(match schema.get("format").and_then(Value::as_str) {
        Some("uint8") => Some(255),
        Some("uint16") => Some(65_535),
        _ => None,
    });
    match (bound("minimum"), most) {
        (Some(least), Some(most)) => format!("whole number from {least} to {most}"),
        _ => "whole number".to_owned(),
    }
}

fn strings(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
