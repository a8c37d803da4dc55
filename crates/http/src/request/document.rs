//! Request bodies in the OpenAPI document.

use serde::Deserialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};

/// A request body.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Document<T> {
    #[expect(
        dead_code,
        reason = "read through the body extractor; here for its schema"
    )]
    #[schema(schema_with = either_form_of::<T>)]
    data: T,
}

/// The schema of an object whose fields may stand under `attributes` as well.
pub(crate) fn in_either_form(fields: RefOr<Schema>) -> Schema {
    let attributes = ObjectBuilder::new()
        .property("attributes", fields.clone())
        .required("attributes");
    let forms = AnyOfBuilder::new().item(fields).item(attributes);
    Schema::AnyOf(forms.build())
}

/// The same schema for the object that a type describes.
fn either_form_of<T: ToSchema>() -> Schema {
    in_either_form(Ref::from_schema_name(T::name()).into())
}

/// The schema of a list of such objects. The items' schema is inlined: if nothing else names the
/// type, the document's components don't contain it.
pub(crate) fn list_in_either_form<T: ToSchema, const ITEMS_MAX: usize>() -> Schema {
    let list = ArrayBuilder::new()
        .items(RefOr::T(in_either_form(T::schema())))
        .max_items(Some(ITEMS_MAX));
    Schema::Array(list.build())
}
