use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

/// The bytes of a value. Generators of clients take them for text without this format.
pub(in crate::http) enum ValueBytes {}

impl PartialSchema for ValueBytes {
    fn schema() -> RefOr<Schema> {
        let bytes = ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
        let bytes = bytes.format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)));
        bytes.build().into()
    }
}

impl ToSchema for ValueBytes {}
