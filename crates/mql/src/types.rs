//! The static types of the language. Every type admits null.

use crate::schema::{Schema, ShapeId};

/// A static type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    /// Of the literal `null` alone: fits everywhere.
    Null,
    /// After an error: fits everywhere, so that one mistake gives one message.
    Unknown,
    /// `true`, `false`.
    Bool,
    /// 64-bit integer.
    Int,
    /// 64-bit float.
    Float,
    /// Unicode text.
    String,
    /// A point in time.
    Datetime,
    /// Bytes of a file.
    Bytes,
    /// A value whose type is known at run time only.
    Json,
    /// A sequence.
    Array(Box<Type>),
    /// String keys to values.
    Map(Box<Type>),
    /// An object of the host's model.
    Shape(ShapeId),
}

impl Type {
    /// An array of this.
    #[must_use]
    pub fn array(self) -> Self {
        Self::Array(Box::new(self))
    }

    /// A map to this.
    #[must_use]
    pub fn map(self) -> Self {
        Self::Map(Box::new(self))
    }

    /// Null or the remains of an error: fits everywhere.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Null | Self::Unknown)
    }

    /// Int or float.
    #[must_use]
    pub fn is_numeric(&self) -> bool {
        matches!(self, Self::Int | Self::Float)
    }

    /// A type whose values `==` compares.
    #[must_use]
    pub fn is_scalar(&self) -> bool {
        matches!(self, Self::Bool | Self::Int | Self::Float | Self::String | Self::Datetime)
    }

    /// The type that holds values of both, if there is one.
    #[must_use]
    pub fn common(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (a, b) if a == b => Some(a.clone()),
            (Self::Unknown, other) | (other, Self::Unknown) => Some(other.clone()),
            (Self::Null, other) | (other, Self::Null) => Some(other.clone()),
            (Self::Int, Self::Float) | (Self::Float, Self::Int) => Some(Self::Float),
            (Self::Array(a), Self::Array(b)) => a.common(b).map(Self::array),
            (Self::Map(a), Self::Map(b)) => a.common(b).map(Self::map),
            _ => None,
        }
    }

    /// A value of this type can stand where `wanted` is expected without conversion.
    #[must_use]
    pub fn fits(&self, wanted: &Self) -> bool {
        self == wanted
            || self.is_open()
            || matches!(wanted, Self::Unknown)
            || match (self, wanted) {
                (Self::Int, Self::Float) => true,
                (Self::Array(a), Self::Array(b)) | (Self::Map(a), Self::Map(b)) => a.fits(b),
                _ => false,
            }
    }

    /// As written in a schema: `[Link]`, `map<string,string>`.
    #[must_use]
    pub fn name(&self, schema: &Schema) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Unknown => "unknown".to_owned(),
            Self::Bool => "bool".to_owned(),
            Self::Int => "int".to_owned(),
            Self::Float => "float".to_owned(),
            Self::String => "string".to_owned(),
            Self::Datetime => "datetime".to_owned(),
            Self::Bytes => "bytes".to_owned(),
            Self::Json => "json".to_owned(),
            Self::Array(of) => format!("[{}]", of.name(schema)),
            Self::Map(of) => format!("map<string,{}>", of.name(schema)),
            Self::Shape(id) => schema.shape(*id).map_or_else(|| "object".to_owned(), |s| s.name.to_string()),
        }
    }
}
