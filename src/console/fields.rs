//! The fields of a query or a form.

use url::form_urlencoded;

/// What is wrong with a field.
#[derive(Debug)]
pub(super) struct FieldError(pub(super) String);

#[derive(Debug, Clone, Default)]
pub(super) struct FormFields(Vec<(String, String)>);

impl FormFields {
    /// Those of an encoded form. What isn't UTF-8 in it is replaced by U+FFFD.
    pub(super) fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// These fields.
    pub(super) fn of(fields: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self(fields.iter().map(owned).collect())
    }

    /// The first field of a name, unless it is empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// The first field of a name.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.each(name).next()
    }

    /// All fields of a name.
    pub(super) fn each(&self, name: &str) -> impl Iterator<Item = &str> {
        let fields = self.0.iter().filter(move |(given, _)| given == name);
        fields.map(|(_, value)| value.as_str())
    }

    /// Whether a box is checked.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The field of a name as what it stands for, unless it is empty.
    pub(super) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
        &self,
        name: &str,
    ) -> Result<Option<T>, FieldError> {
        let text = self.get(name).map(str::trim);
        let parsed = text.map(|text| {
            text.parse()
                .map_err(|error: T::Err| FieldError(error.to_string()))
        });
        parsed.transpose()
    }

    /// The address of a page with these fields, some of them replaced or, by an empty text, removed.
    pub(super) fn href(&self, path: &str, changed: &[(&str, &str)]) -> String {
        let kept = self
            .0
            .iter()
            .filter(|(name, value)| !value.is_empty() && !changed.iter().any(|(changed, _)| changed == name));
        let kept = kept.map(|(name, value)| (name.as_str(), value.as_str()));
        let new = changed.iter().copied().filter(|(_, value)| !value.is_empty());
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(kept.chain(new))
            .finish();
        if query.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{query}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_the_fields_that_are_not_changed() {
        let fields = FormFields::parse(b"q=a+b&in=%2Fdb%2F&side=x&side=y&empty=");
        assert_eq!(fields.get("q"), Some("a b"));
        assert_eq!(fields.get("empty"), None);
        assert_eq!(fields.text("empty"), Some(""));
        assert_eq!(fields.each("side").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(
            fields.href("/p", &[("in", ""), ("after", "/db/k")]),
            "/p?q=a+b&side=x&side=y&after=%2Fdb%2Fk"
        );
        assert_eq!(FormFields::default().href("/p", &[("q", "")]), "/p");
    }
}
