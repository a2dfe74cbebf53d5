//! The evidence as MQL values: views that borrow from it, so that binding a message costs nothing until a rule asks.
//!
//! Every Rust type that rules see is named once in [`shapes`], field by field, in the order of `model.schema`; a test
//! compares the two.

mod files;
pub(crate) mod functions;
mod history;
pub(crate) mod host;
pub(crate) mod shapes;
mod xpath;

use std::collections::BTreeMap;

use sekisho_mql::value::{Arena, Items, List, Map, Object, Value};

/// A borrowed object of the evidence.
pub(crate) struct View<'e, T>(pub(crate) &'e T);

/// A borrowed array of them.
struct ViewList<'e, T>(&'e [T]);

// Derived impls would ask that `T` itself can be copied; only the reference is.
impl<T> Clone for View<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for View<'_, T> {}
impl<T> Clone for ViewList<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for ViewList<'_, T> {}

/// How to read one field: its name in the schema, and the value.
pub(crate) type Getter<T> = (&'static str, for<'a> fn(&'a T, &'a Arena) -> Value<'a>);

/// A type that rules see as an object.
pub(crate) trait Shape: Sized + 'static {
    /// Name in the schema.
    const NAME: &'static str;
    /// Fields in the schema's order.
    const FIELDS: &'static [Getter<Self>];
    /// Its bytes, when it is a file.
    fn content(&self) -> Option<&[u8]> {
        None
    }
}

/// A type that rules see as a value.
pub(crate) trait Show {
    /// The value, borrowed.
    fn show<'a>(&'a self, arena: &'a Arena) -> Value<'a>;
}

impl<T: Shape> Object for View<'_, T> {
    fn shape(&self) -> &'static str {
        T::NAME
    }

    fn field<'a>(&'a self, index: usize, arena: &'a Arena) -> Value<'a> {
        T::FIELDS.get(index).map_or(Value::Null, |(_, get)| get(self.0, arena))
    }

    fn bytes(&self) -> Option<&[u8]> {
        self.0.content()
    }

    fn identity(&self) -> usize {
        // The view is made anew each time it is asked for; what it shows stays where it is.
        std::ptr::from_ref(self.0).addr()
    }

    fn as_any(&self) -> Option<&dyn std::any::Any> {
        Some(self.0)
    }
}

impl<T: Shape> Items for ViewList<'_, T> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn get<'a>(&'a self, i: usize, arena: &'a Arena) -> Value<'a> {
        self.0.get(i).map_or(Value::Null, |item| object(item, arena))
    }
}

/// An object as a value.
pub(crate) fn object<'a, T: Shape>(item: &'a T, arena: &'a Arena) -> Value<'a> {
    Value::Object(arena.alloc(View(item)))
}

impl<T: Shape> Show for T {
    fn show<'a>(&'a self, arena: &'a Arena) -> Value<'a> {
        object(self, arena)
    }
}

impl<T: Shape> Show for Vec<T> {
    fn show<'a>(&'a self, arena: &'a Arena) -> Value<'a> {
        Value::List(List::Items(arena.alloc(ViewList(self.as_slice()))))
    }
}

impl Show for Vec<String> {
    fn show<'a>(&'a self, _: &'a Arena) -> Value<'a> {
        Value::List(List::Strings(self))
    }
}

impl<T: Show> Show for Option<T> {
    fn show<'a>(&'a self, arena: &'a Arena) -> Value<'a> {
        self.as_ref().map_or(Value::Null, |v| v.show(arena))
    }
}

impl Show for String {
    fn show<'a>(&'a self, _: &'a Arena) -> Value<'a> {
        Value::Str(self)
    }
}

impl Show for bool {
    fn show<'a>(&'a self, _: &'a Arena) -> Value<'a> {
        Value::Bool(*self)
    }
}

impl Show for i64 {
    fn show<'a>(&'a self, _: &'a Arena) -> Value<'a> {
        Value::Int(*self)
    }
}

impl Show for u64 {
    fn show<'a>(&'a self, _: &'a Arena) -> Value<'a> {
        Value::Int(i64::try_from(*self).unwrap_or(i64::MAX))
    }
}

impl Show for f64 {
    fn show<'a>(&'a self, _: &'a Arena) -> Value<'a> {
        Value::Float(*self)
    }
}

impl Map for View<'_, BTreeMap<String, Vec<String>>> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn key(&self, i: usize) -> Option<&str> {
        self.0.keys().nth(i).map(String::as_str)
    }

    fn get<'a>(&'a self, name: &str, arena: &'a Arena) -> Value<'a> {
        self.0.get(name).map_or(Value::Null, |v| v.show(arena))
    }
}

impl Show for BTreeMap<String, Vec<String>> {
    fn show<'a>(&'a self, arena: &'a Arena) -> Value<'a> {
        Value::Map(arena.alloc(View(self)))
    }
}

/// Names the fields of a type in the schema's order. `name` reads the Rust field of that name; `name = |it, arena| …`
/// computes it.
macro_rules! shape {
    ($type:ty, $name:literal { $($field:tt)* } $(bytes $bytes:ident)? $(content $content:ident)?) => {
        impl $crate::bind::Shape for $type {
            const NAME: &'static str = $name;
            const FIELDS: &'static [$crate::bind::Getter<Self>] = shape!(@fields [] $($field)*);
            $(fn content(&self) -> Option<&[u8]> { Some(self.$bytes.as_ref()) })?
            $(fn content(&self) -> Option<&[u8]> { Some(self.$content().as_bytes()) })?
        }
    };
    (@fields [$($done:tt)*]) => { &[$($done)*] };
    (@fields [$($done:tt)*] $name:ident = |$it:ident, $arena:ident| $value:expr $(, $($rest:tt)*)?) => {
        shape!(@fields [$($done)* (stringify!($name), |$it, $arena| $value),] $($($rest)*)?)
    };
    (@fields [$($done:tt)*] $name:ident $(, $($rest:tt)*)?) => {
        shape!(@fields [$($done)* (stringify!($name), |it, arena| $crate::bind::Show::show(&it.$name, arena)),] $($($rest)*)?)
    };
}
pub(crate) use shape;
