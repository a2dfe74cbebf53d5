//! What the host tells the language about its world: shapes, roots, lists and functions, read from a text.

mod read;

use rustc_hash::FxHashMap;

use crate::typed::Const;
use crate::types::Type;

pub use read::SchemaError;

/// Index of a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShapeId(pub u32);

/// Shape of one regular-expression match; the language brings it along as the first shape of every schema.
/// Fields: 0 `full_match: string`, 1 `groups: [string]`, 2 `named_groups: map<string,string>`.
pub const REGEX_MATCH: ShapeId = ShapeId(0);

/// The host's world.
#[derive(Debug, Clone)]
pub struct Schema {
    shapes: Vec<Shape>,
    shape_ids: FxHashMap<Box<str>, ShapeId>,
    roots: Vec<(Box<str>, Type)>,
    root_ids: FxHashMap<Box<str>, u32>,
    lists: Vec<(Box<str>, Type)>,
    list_ids: FxHashMap<Box<str>, u32>,
    functions: Vec<Function>,
    function_ids: FxHashMap<Box<str>, u32>,
    unions: Vec<(Box<str>, Vec<ShapeId>)>,
}

/// An object type.
#[derive(Debug, Clone)]
pub struct Shape {
    /// Its name.
    pub name: Box<str>,
    /// Its fields in declared order.
    pub fields: Vec<(Box<str>, Type)>,
    ids: FxHashMap<Box<str>, u32>,
}

/// A function of the host.
#[derive(Debug, Clone)]
pub struct Function {
    /// Dotted name.
    pub name: Box<str>,
    /// Parameters in order.
    pub params: Vec<Param>,
    /// The last parameter takes any number of arguments, at least one.
    pub variadic: bool,
    /// Result.
    pub result: Type,
}

/// A parameter.
#[derive(Debug, Clone)]
pub struct Param {
    /// Its name, also usable as keyword.
    pub name: Box<str>,
    /// What it takes.
    pub ty: ParamType,
    /// Only constants.
    pub constant: bool,
    /// Value when it is left out; `None` means that it must be given.
    pub default: Option<DefaultValue>,
}

/// A default value.
#[derive(Debug, Clone, PartialEq)]
pub enum DefaultValue {
    /// A scalar or null.
    Const(Const),
    /// An array of scalars.
    Array(Vec<Const>),
}

/// What a parameter takes.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamType {
    /// A type.
    Type(Type),
    /// One of several shapes: index into the schema's unions.
    Union(u32),
    /// Any value.
    Any,
}

impl Shape {
    /// Index and type of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<(u32, &Type)> {
        let id = *self.ids.get(name)?;
        self.fields.get(id as usize).map(|(_, ty)| (id, ty))
    }
}

impl Schema {
    /// Reads a schema text in the notation that the module `read` describes.
    ///
    /// # Errors
    /// The first mistake in the text, with its line.
    pub fn parse(text: &str) -> Result<Self, SchemaError> {
        read::read(text)
    }

    /// A shape by id.
    #[must_use]
    pub fn shape(&self, id: ShapeId) -> Option<&Shape> {
        self.shapes.get(id.0 as usize)
    }

    /// A shape by name.
    #[must_use]
    pub fn shape_id(&self, name: &str) -> Option<ShapeId> {
        self.shape_ids.get(name).copied()
    }

    /// All shapes, in declared order after [`REGEX_MATCH`].
    #[must_use]
    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// Roots in declared order.
    #[must_use]
    pub fn roots(&self) -> &[(Box<str>, Type)] {
        &self.roots
    }

    /// Index of a root.
    #[must_use]
    pub fn root_id(&self, name: &str) -> Option<u32> {
        self.root_ids.get(name).copied()
    }

    /// Declared lists with their element types.
    #[must_use]
    pub fn lists(&self) -> &[(Box<str>, Type)] {
        &self.lists
    }

    /// Element type of a declared list.
    #[must_use]
    pub fn list(&self, name: &str) -> Option<&Type> {
        let id = *self.list_ids.get(name)?;
        self.lists.get(id as usize).map(|(_, ty)| ty)
    }

    /// Functions of the host in declared order.
    #[must_use]
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// Index of a function of the host.
    #[must_use]
    pub fn function_id(&self, name: &str) -> Option<u32> {
        self.function_ids.get(name).copied()
    }

    /// A union's name and members.
    #[must_use]
    pub fn union(&self, id: u32) -> Option<(&str, &[ShapeId])> {
        self.unions.get(id as usize).map(|(name, of)| (&**name, of.as_slice()))
    }
}
