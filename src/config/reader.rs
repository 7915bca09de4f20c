//! From the tree to typed structs, by serde. Values are read as the field asks for them: `country: NO` is a text for a
//! text, and `0123` stays what it is (OPS-06). A fault names the value it is about, from the top.

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, IntoDeserializer, Visitor};

use super::fault::{Fault, Step, What};
use super::tree::{Entry, Kind, Node};

/// Read a `T` from the tree.
pub(crate) fn read<'de, T: Deserialize<'de>>(root: &'de Node) -> Result<T, Fault> {
    T::deserialize(Reader { node: root, trail: &Trail::Top }).map_err(|fault| fault.or_at(Vec::new))
}

/// The way from the top to the value being read, one step a stack frame.
enum Trail<'t> {
    Top,
    Key(&'t Self, &'t str),
    Item(&'t Self, usize),
}

impl Trail<'_> {
    fn steps(&self) -> Vec<Step> {
        let (up, step) = match self {
            Self::Top => return Vec::new(),
            Self::Key(up, key) => (up, Step::Key((*key).to_owned())),
            Self::Item(up, index) => (up, Step::Item(*index)),
        };
        let mut steps = up.steps();
        steps.push(step);
        steps
    }
}

#[derive(Clone, Copy)]
struct Reader<'de, 't> {
    node: &'de Node,
    trail: &'t Trail<'t>,
}

impl<'de> Reader<'de, '_> {
    /// The text of a scalar, or what stands there instead.
    fn text(&self, write: &str) -> Result<&'de str, Fault> {
        match &self.node.kind {
            Kind::Scalar { text, .. } => Ok(text),
            kind => Err(Fault::wrong(name_of(kind), write)),
        }
    }

    fn number<T: std::str::FromStr>(&self, write: &str) -> Result<T, Fault> {
        let text = self.text(write)?;
        text.parse().map_err(|_| Fault::new(What::Said(format!("{write} belongs here"))))
    }

    fn any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.kind {
            Kind::Nothing | Kind::Told => visitor.visit_unit(),
            Kind::List(items) => visitor.visit_seq(Items { items, at: 0, trail: self.trail }),
            Kind::Map(entries) => visitor.visit_map(Entries { entries, at: 0, trail: self.trail }),
            Kind::Scalar { text, is_plain: false } => visitor.visit_borrowed_str(text),
            Kind::Scalar { text, .. } => match text.as_str() {
                "true" => visitor.visit_bool(true),
                "false" => visitor.visit_bool(false),
                text => match (text.parse::<u64>(), text.parse::<i64>()) {
                    (Ok(number), _) => visitor.visit_u64(number),
                    (_, Ok(number)) => visitor.visit_i64(number),
                    _ => visitor.visit_borrowed_str(text),
                },
            },
        }
    }
}

fn name_of(kind: &Kind) -> &'static str {
    match kind {
        Kind::Nothing | Kind::Told => "nothing",
        Kind::Scalar { .. } => "a single value",
        Kind::List(_) => "a list",
        Kind::Map(_) => "a group of options",
    }
}

/// Whether something else than a reference stands where one belongs: `hunter2`, or `{hunter2}`. It may be the secret.
fn may_hold_a_secret(node: &Node, known: &[&str]) -> bool {
    match &node.kind {
        Kind::Scalar { .. } => true,
        Kind::Map(entries) => entries.iter().any(|entry| !known.contains(&entry.key.as_str())),
        _ => false,
    }
}

macro_rules! whole_numbers {
    ($($method:ident $visit:ident $type:ty, $words:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            visitor.$visit(self.number::<$type>($words)?)
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Reader<'de, '_> {
    type Error = Fault;

    whole_numbers! {
        deserialize_u8 visit_u8 u8, "a whole number from 0 to 255";
        deserialize_u16 visit_u16 u16, "a whole number from 0 to 65535";
        deserialize_u32 visit_u32 u32, "a whole number from 0 to 4294967295";
        deserialize_u64 visit_u64 u64, "a whole number from 0";
        deserialize_i8 visit_i8 i8, "a whole number from -128 to 127";
        deserialize_i16 visit_i16 i16, "a whole number from -32768 to 32767";
        deserialize_i32 visit_i32 i32, "a whole number";
        deserialize_i64 visit_i64 i64, "a whole number";
        deserialize_f32 visit_f32 f32, "a number";
        deserialize_f64 visit_f64 f64, "a number";
        deserialize_char visit_char char, "one character";
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.any(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.text("true or false")? {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(Fault::new(What::Said("true or false belongs here".to_owned()))),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_str(self.text("a text")?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node.kind {
            Kind::Nothing | Kind::Told => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.kind {
            Kind::List(items) => visitor.visit_seq(Items { items, at: 0, trail: self.trail }),
            kind => Err(Fault::wrong(name_of(kind), "a list: `[one, two]`, or a line with `- ` for each item")),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _: &'static str, _: usize, v: V) -> Result<V::Value, Fault> {
        self.deserialize_seq(v)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.kind {
            Kind::Map(entries) => visitor.visit_map(Entries { entries, at: 0, trail: self.trail }),
            // `radius:` with nothing below it is a group in which nothing was set.
            Kind::Nothing => visitor.visit_map(Entries { entries: &[], at: 0, trail: self.trail }),
            kind => Err(Fault::wrong(name_of(kind), "a group of options, each on its own line below, indented")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let one_of = || format!("one of: {}", known.join(", "));
        if name == "SecretRef" && may_hold_a_secret(self.node, known) {
            return Err(Fault::new(What::InlineSecret));
        }
        match &self.node.kind {
            Kind::Scalar { text, .. } => visitor.visit_enum(Choice { name: text, value: None, trail: self.trail }),
            Kind::Map(entries) => {
                let mut kept = entries.iter().filter(|entry| !matches!(entry.value.kind, Kind::Told));
                match (kept.next(), kept.next()) {
                    (Some(entry), None) => {
                        visitor.visit_enum(Choice { name: &entry.key, value: Some(&entry.value), trail: self.trail })
                    }
                    (None, _) => Err(Fault::wrong("an empty group", format!("{}, with `: ...`", one_of()))),
                    (Some(first), Some(second)) => Err(Fault::wrong(
                        format!("both `{}` and `{}`", first.key, second.key),
                        format!("only one of them ({})", one_of()),
                    )),
                }
            }
            kind => Err(Fault::wrong(name_of(kind), one_of())),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.kind {
            Kind::Nothing => visitor.visit_unit(),
            kind => Err(Fault::wrong(name_of(kind), "nothing here")),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    serde::forward_to_deserialize_any! { i128 u128 bytes byte_buf ignored_any }
}

struct Items<'de, 't> {
    items: &'de [Node],
    at: usize,
    trail: &'t Trail<'t>,
}

impl<'de> de::SeqAccess<'de> for Items<'de, '_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        loop {
            let Some(node) = self.items.get(self.at) else { return Ok(None) };
            let trail = Trail::Item(self.trail, self.at);
            self.at = self.at.saturating_add(1);
            if matches!(node.kind, Kind::Told) {
                continue;
            }
            let item = seed.deserialize(Reader { node, trail: &trail }).map_err(|fault| fault.or_at(|| trail.steps()));
            return item.map(Some);
        }
    }
}

struct Entries<'de, 't> {
    entries: &'de [Entry],
    at: usize,
    trail: &'t Trail<'t>,
}

impl<'de> de::MapAccess<'de> for Entries<'de, '_> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        loop {
            let Some(entry) = self.entries.get(self.at) else { return Ok(None) };
            if matches!(entry.value.kind, Kind::Told) {
                self.at = self.at.saturating_add(1);
                continue;
            }
            let trail = Trail::Key(self.trail, &entry.key);
            let key = seed.deserialize(entry.key.as_str().into_deserializer());
            return key.map(Some).map_err(|fault: Fault| fault.or_at(|| trail.steps()));
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let entry = self.entries.get(self.at).ok_or_else(|| Fault::wrong("nothing", "a value"))?;
        self.at = self.at.saturating_add(1);
        let trail = Trail::Key(self.trail, &entry.key);
        seed.deserialize(Reader { node: &entry.value, trail: &trail }).map_err(|fault| fault.or_at(|| trail.steps()))
    }
}

/// `name`, or `name: value`.
struct Choice<'de, 't> {
    name: &'de str,
    value: Option<&'de Node>,
    trail: &'t Trail<'t>,
}

impl<'de, 't> de::EnumAccess<'de> for Choice<'de, 't> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Fault> {
        let variant = seed.deserialize(self.name.into_deserializer()).map_err(|fault: Fault| match self.value {
            Some(_) => fault.or_at(|| Trail::Key(self.trail, self.name).steps()),
            None => fault.or_at(|| self.trail.steps()),
        })?;
        Ok((variant, self))
    }
}

impl Choice<'_, '_> {
    fn without_value(&self) -> Fault {
        Fault::wrong(format!("`{}` alone", self.name), format!("`{}: ...`, with what belongs to it", self.name))
            .or_at(|| self.trail.steps())
    }
}

impl<'de> de::VariantAccess<'de> for Choice<'de, '_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.value {
            None | Some(Node { kind: Kind::Nothing, .. }) => Ok(()),
            Some(_) => Err(Fault::wrong(format!("`{}` with a value", self.name), format!("`{}` alone", self.name))
                .or_at(|| self.trail.steps())),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Fault> {
        let Some(node) = self.value else { return Err(self.without_value()) };
        let trail = Trail::Key(self.trail, self.name);
        seed.deserialize(Reader { node, trail: &trail }).map_err(|fault| fault.or_at(|| trail.steps()))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        let Some(node) = self.value else { return Err(self.without_value()) };
        let trail = Trail::Key(self.trail, self.name);
        de::Deserializer::deserialize_seq(Reader { node, trail: &trail }, visitor)
            .map_err(|fault| fault.or_at(|| trail.steps()))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        let Some(node) = self.value else { return Err(self.without_value()) };
        let trail = Trail::Key(self.trail, self.name);
        de::Deserializer::deserialize_map(Reader { node, trail: &trail }, visitor)
            .map_err(|fault| fault.or_at(|| trail.steps()))
    }
}
