use std::collections::BTreeMap;
use std::collections::btree_map;

use serde::de::value::{MapAccessDeserializer, SeqDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, Visitor};

use super::json::Json;
use super::misfit::Misfit;
use crate::model::{Entry, Envelope, Prefix, ValueKind};

/// Entries as a source of typed values: a node for each segment below a prefix. A node has an entry, nodes below it,
/// or both, where a key is also a prefix: a field that is a struct or a map takes what is below, any other the entry.
pub(super) struct Tree<'e> {
    /// Its key, or the prefix it stands for.
    path: String,
    entry: Option<&'e Entry>,
    below: BTreeMap<&'e str, Tree<'e>>,
}

impl<'e> Tree<'e> {
    /// One entry.
    pub(super) fn leaf(entry: &'e Entry) -> Self {
        Self {
            path: entry.key.to_string(),
            entry: Some(entry),
            below: BTreeMap::new(),
        }
    }

    /// The entries that lie below the prefix.
    pub(super) fn new(prefix: &Prefix, entries: &'e [Entry]) -> Self {
        let mut root = Self {
            path: prefix.to_string(),
            entry: None,
            below: BTreeMap::new(),
        };
        for entry in entries {
            let Some(relative) = prefix.relative(&entry.key) else {
                continue;
            };
            let node = relative.split('/').fold(&mut root, |node, segment| {
                let path = format!("{}/{segment}", node.path.trim_end_matches('/'));
                node.below.entry(segment).or_insert_with(|| Self {
                    path,
                    entry: None,
                    below: BTreeMap::new(),
                })
            });
            node.entry = Some(entry);
        }
        root
    }

    /// The value of the type that the seed makes, or where it doesn't fit.
    pub(super) fn read<'de, S: DeserializeSeed<'de>>(&self, seed: S) -> Result<S::Value, Misfit> {
        seed.deserialize(self).map_err(|misfit| misfit.at(&self.path))
    }

    /// What this node is where no struct or map is wanted.
    fn scalar(&self) -> Result<Scalar<'e>, Misfit> {
        let Some(entry) = self.entry else {
            return Ok(Scalar::None);
        };
        if entry.secret && Envelope::read(&entry.value).is_some() {
            return Err(Misfit::custom("it is a secret that was not revealed"));
        }
        let value = &entry.value;
        Ok(match (value.kind(), value.as_text()) {
            (ValueKind::Json, Some(text)) => Scalar::Json(Json::parse(text)?),
            (_, Some(text)) => Scalar::Text(text),
            (_, None) => Scalar::Bytes(value.bytes()),
        })
    }

    fn is_branch(&self) -> bool {
        self.entry.is_none() || !self.below.is_empty()
    }

    fn nodes(&self) -> Nodes<'_, 'e> {
        Nodes {
            left: self.below.iter(),
            value: None,
        }
    }
}

enum Scalar<'e> {
    None,
    Text(&'e str),
    Bytes(&'e [u8]),
    Json(Json),
}

/// The nodes below one, as the fields of a struct.
struct Nodes<'t, 'e> {
    left: btree_map::Iter<'t, &'e str, Tree<'e>>,
    value: Option<&'t Tree<'e>>,
}

impl<'de> MapAccess<'de> for Nodes<'_, '_> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Misfit> {
        let Some((segment, node)) = self.left.next() else {
            return Ok(None);
        };
        self.value = Some(node);
        seed.deserialize((*segment).into_deserializer()).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Misfit> {
        let node = self.value.take();
        node.ok_or_else(|| Misfit::custom("a value was asked for before its name"))?
            .read(seed)
    }
}

/// Where a number or boolean is wanted, text is read as one.
macro_rules! from_text {
    ($($method:ident $visit:ident $type:ty: $what:literal;)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
            match self.scalar()? {
                Scalar::Text(text) => match text.trim().parse::<$type>() {
                    Ok(value) => visitor.$visit(value),
                    Err(_) => Err(Misfit::custom(concat!("it is text that is not ", $what))),
                },
                Scalar::Json(json) => json.$method(visitor),
                Scalar::Bytes(bytes) => visitor.visit_bytes(bytes),
                Scalar::None => visitor.visit_map(self.nodes()),
            }
        }
    )+};
}

/// Where a struct or a map is wanted, what is below goes before the entry itself.
macro_rules! from_branch {
    ($($method:ident($($name:ident: $type:ty),*);)+) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, Misfit> {
            if self.is_branch() {
                visitor.visit_map(self.nodes())
            } else {
                self.deserialize_str(visitor)
            }
        }
    )+};
}

/// Where neither is wanted, the entry goes before what is below.
macro_rules! from_entry {
    ($($method:ident($($name:ident: $type:ty),*);)+) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, Misfit> {
            match self.scalar()? {
                Scalar::Text(text) => visitor.visit_str(text),
                Scalar::Json(json) => json.$method($($name,)* visitor),
                Scalar::Bytes(bytes) => visitor.visit_bytes(bytes),
                Scalar::None => visitor.visit_map(self.nodes()),
            }
        }
    )+};
}

impl<'de> Deserializer<'de> for &Tree<'_> {
    type Error = Misfit;

    from_text! {
        deserialize_bool visit_bool bool: "true or false";
        deserialize_i8 visit_i8 i8: "a whole number from -128 to 127";
        deserialize_i16 visit_i16 i16: "a whole number of 16 bits";
        deserialize_i32 visit_i32 i32: "a whole number of 32 bits";
        deserialize_i64 visit_i64 i64: "a whole number of 64 bits";
        deserialize_i128 visit_i128 i128: "a whole number of 128 bits";
        deserialize_u8 visit_u8 u8: "a whole number from 0 to 255";
        deserialize_u16 visit_u16 u16: "a whole number from 0 to 65535";
        deserialize_u32 visit_u32 u32: "a whole number from 0 on, of 32 bits";
        deserialize_u64 visit_u64 u64: "a whole number from 0 on, of 64 bits";
        deserialize_u128 visit_u128 u128: "a whole number from 0 on, of 128 bits";
        deserialize_f32 visit_f32 f32: "a number";
        deserialize_f64 visit_f64 f64: "a number";
    }

    from_branch! {
        deserialize_any();
        deserialize_map();
        deserialize_struct(_name: &'static str, _fields: &'static [&'static str]);
    }

    from_entry! {
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_identifier();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.entry {
            Some(entry) if !entry.secret => visitor.visit_bytes(entry.value.bytes()),
            _ => self.deserialize_str(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.scalar()? {
            Scalar::Bytes(bytes) => visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied())),
            Scalar::Json(json) => json.deserialize_seq(visitor),
            Scalar::Text(text) => visitor.visit_str(text),
            Scalar::None => visitor.visit_map(self.nodes()),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.scalar() {
            Ok(Scalar::Json(json)) if !self.is_branch() => json.deserialize_option(visitor),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match self.scalar()? {
            Scalar::Text(text) => visitor.visit_enum(text.into_deserializer()),
            Scalar::Json(json) => json.deserialize_enum(name, variants, visitor),
            Scalar::Bytes(bytes) => visitor.visit_bytes(bytes),
            Scalar::None => visitor.visit_enum(MapAccessDeserializer::new(self.nodes())),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_unit()
    }
}
