use std::cell::Cell;
use std::collections::BTreeMap;
use std::collections::btree_map;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, Visitor,
};

use super::json_deserializer::JsonDeserializer;
use super::misfit::{Misfit, Scrap, refused_texts, start_watching};
use crate::model::{Entry, Envelope, Prefix, ValueKind};

/// Entries as a source of typed values: a node for each segment below a prefix. A node has an entry, nodes below it, or
/// both, where a key is also a prefix: a field that is text, a number or a boolean takes the entry. A struct, a map or
/// a list could only be one of them, and so is neither.
///
/// Where serde buffers (`flatten`, `untagged`, a `tag`), it asks for a value before it knows what is wanted, and text
/// stays text then. A text that is refused later is found by what the nodes remember of it, and the whole is read once
/// more with that text as the number or boolean that it is.
pub(super) struct EntryTree<'e> {
    /// Its key, or the prefix it stands for.
    path: String,
    entry: Option<&'e Entry>,
    below: BTreeMap<&'e str, EntryTree<'e>>,
    /// Whether its text is buffered as a number or boolean.
    is_typed: Cell<bool>,
    /// What of it was buffered last.
    buffered: Cell<Option<Scrap>>,
}

impl<'e> EntryTree<'e> {
    /// One entry.
    pub(super) fn leaf(entry: &'e Entry) -> Self {
        Self {
            entry: Some(entry),
            ..Self::empty(entry.key.to_string())
        }
    }

    fn empty(path: String) -> Self {
        Self {
            path,
            entry: None,
            below: BTreeMap::new(),
            is_typed: Cell::new(false),
            buffered: Cell::new(None),
        }
    }

    /// The entries that lie below the prefix.
    pub(super) fn new(prefix: &Prefix, entries: &'e [Entry]) -> Self {
        let mut root = Self::empty(prefix.to_string());
        for entry in entries {
            let Some(relative) = prefix.relative(&entry.key) else {
                continue;
            };
            let node = relative.split('/').fold(&mut root, |node, segment| {
                let path = format!("{}/{segment}", node.path.trim_end_matches('/'));
                node.below.entry(segment).or_insert_with(|| Self::empty(path))
            });
            node.entry = Some(entry);
        }
        root
    }

    /// Reads all of it as one value.
    pub(super) fn deserialize<T: DeserializeOwned>(&self) -> Result<T, Misfit> {
        let mut fallback = None;
        loop {
            self.forget_buffered();
            start_watching();
            let read = self.read(PhantomData::<T>);
            let mut is_news = false;
            for text in refused_texts() {
                self.visit(&mut |node| is_news |= node.buffered.get() == Some(text) && node.take_type());
            }
            match read {
                // A variant or an option that was passed over may want the text as a number.
                Ok(value) if is_news => fallback = Some(value),
                Err(_) if is_news => {}
                Ok(value) => return Ok(value),
                Err(misfit) => return fallback.ok_or_else(|| self.locate(misfit)),
            }
        }
    }

    /// The value of the type that the seed makes, or where it doesn't fit.
    fn read<'de, S: DeserializeSeed<'de>>(&self, seed: S) -> Result<S::Value, Misfit> {
        seed.deserialize(self).map_err(|misfit| misfit.at(&self.path))
    }

    fn visit<'t>(&'t self, see: &mut impl FnMut(&'t Self)) {
        see(self);
        self.below.values().for_each(|node| node.visit(see));
    }

    fn forget_buffered(&self) {
        self.visit(&mut |node| node.buffered.set(None));
    }

    /// Has its text buffered as what else it can be from now on, and returns whether that is new.
    fn take_type(&self) -> bool {
        let is_scalar = matches!(self.scalar(), Ok(Scalar::Text(text)) if scrap_in(text).is_some());
        is_scalar && !self.is_typed.replace(true)
    }

    /// The same misfit with the key that was refused, where serde had buffered it and so knew only a prefix above.
    fn locate(&self, misfit: Misfit) -> Misfit {
        let (Some(found), Some(place)) = (misfit.found(), misfit.place()) else {
            return misfit;
        };
        let mut keys = Vec::new();
        self.visit(&mut |node| {
            let gave = match (node.buffered.get(), node.scalar()) {
                (Some(Scrap::Document), Ok(Scalar::Json(json))) => json.holds(found),
                (buffered, _) => buffered == Some(found),
            };
            let below = node.path.strip_prefix(place.trim_end_matches('/'));
            let is_below = below.is_some_and(|below| below.len() > 1 && below.starts_with('/'));
            if gave && is_below {
                keys.push(node.path.as_str());
            }
        });
        // A prefix says more than many keys of which one is meant.
        if keys.is_empty() || keys.len() > 3 {
            return misfit;
        }
        let keys = keys.join(" or ");
        misfit.moved_to(keys)
    }

    /// What is there where a struct, a map, a list or anything is wanted: the entry or what is below.
    fn either(&self) -> Result<(), Misfit> {
        let Some(node) = self.below.values().next().filter(|_| self.entry.is_some()) else {
            return Ok(());
        };
        let mut node = node;
        while let (None, Some(below)) = (node.entry, node.below.values().next()) {
            node = below;
        }
        Err(Misfit::custom(format!(
            "it has both a value and the key {} below it; a struct, a map or a list can only be read from one of them",
            node.path
        )))
    }

    /// What this node is where no struct or map is wanted.
    fn scalar(&self) -> Result<Scalar<'e>, Misfit> {
        let Some(entry) = self.entry else {
            return Ok(Scalar::None);
        };
        if entry.secret && Envelope::read(&entry.value).is_some() {
            return Err(Misfit::custom("it is a secret that was not decrypted"));
        }
        let value = &entry.value;
        Ok(match (value.kind(), value.as_text()) {
            (ValueKind::Json, Some(text)) => Scalar::Json(JsonDeserializer::parse(text)?),
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
    Json(JsonDeserializer),
}

/// The number or boolean that a text is, if it is one.
fn scrap_in(text: &str) -> Option<Scrap> {
    let text = text.trim();
    let float = || text.parse().ok().filter(|number: &f64| number.is_finite());
    (text.parse().map(Scrap::Bool))
        .or_else(|_| text.parse().map(Scrap::Unsigned))
        .or_else(|_| text.parse().map(Scrap::Signed))
        .ok()
        .or_else(|| float().map(Scrap::Float))
}

/// The nodes below one, as the fields of a struct.
struct Nodes<'t, 'e> {
    left: btree_map::Iter<'t, &'e str, EntryTree<'e>>,
    value: Option<&'t EntryTree<'e>>,
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

/// Where a struct or a map is wanted, it is what is below, or the entry where nothing is.
macro_rules! from_branch {
    ($($method:ident($($name:ident: $type:ty),*);)+) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, Misfit> {
            self.either()?;
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

impl<'de> Deserializer<'de> for &EntryTree<'_> {
    type Error = Misfit;

    from_text! {
        deserialize_bool visit_bool bool: "true or false";
        deserialize_i8 visit_i8 i8: "an integer from -128 to 127";
        deserialize_i16 visit_i16 i16: "a 16-bit integer";
        deserialize_i32 visit_i32 i32: "a 32-bit integer";
        deserialize_i64 visit_i64 i64: "a 64-bit integer";
        deserialize_i128 visit_i128 i128: "a 128-bit integer";
        deserialize_u8 visit_u8 u8: "an integer from 0 to 255";
        deserialize_u16 visit_u16 u16: "an integer from 0 to 65535";
        deserialize_u32 visit_u32 u32: "an unsigned 32-bit integer";
        deserialize_u64 visit_u64 u64: "an unsigned 64-bit integer";
        deserialize_u128 visit_u128 u128: "an unsigned 128-bit integer";
        deserialize_f32 visit_f32 f32: "a number";
        deserialize_f64 visit_f64 f64: "a number";
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.either()?;
        if self.is_branch() {
            self.buffered.set(Some(Scrap::Map));
            return visitor.visit_map(self.nodes());
        }
        let text = match self.scalar()? {
            Scalar::Text(text) => text,
            Scalar::Json(json) => {
                self.buffered.set(Some(Scrap::Document));
                return json.deserialize_any(visitor);
            }
            Scalar::Bytes(_) | Scalar::None => return self.deserialize_str(visitor),
        };
        let typed = scrap_in(text).filter(|_| self.is_typed.get());
        let text = text.to_owned();
        self.buffered
            .set(Some(typed.unwrap_or_else(|| Scrap::of_text(&text))));
        match typed {
            Some(Scrap::Bool(value)) => visitor.visit_bool(value),
            Some(Scrap::Unsigned(number)) => visitor.visit_u64(number),
            Some(Scrap::Signed(number)) => visitor.visit_i64(number),
            Some(Scrap::Float(number)) => visitor.visit_f64(number),
            _ => visitor.visit_string(text),
        }
    }

    from_branch! {
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
        self.either()?;
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
            Scalar::Json(json) => {
                self.either()?;
                json.deserialize_enum(name, variants, visitor)
            }
            Scalar::Bytes(bytes) => visitor.visit_bytes(bytes),
            Scalar::None => visitor.visit_enum(MapAccessDeserializer::new(self.nodes())),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_unit()
    }
}
