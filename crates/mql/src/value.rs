//! Values as rules see them, borrowed from the message for as long as it is judged, and the doors to whoever holds it.

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::ops::BitOr;

use bumpalo::Bump;

pub use crate::list::ListData;

/// A value. Copying one copies a pointer.
///
/// A *null array* (the result of a function that failed) is [`Value::Null`]; an empty one is an empty [`List`].
#[derive(Clone, Copy)]
pub enum Value<'a> {
    /// Nobody can say, because of what is missing. Made with [`Arena::unknown`].
    Unknown(Missing),
    /// Known to be nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text.
    Str(&'a str),
    /// The bytes of a file; only functions of the host look into them.
    Bytes(&'a [u8]),
    /// Free JSON.
    Json(&'a serde_json::Value),
    /// An array.
    List(List<'a>),
    /// An object with a shape of the schema.
    Object(&'a dyn Object),
    /// A map with names that are data.
    Map(&'a dyn Map),
}

/// An object of the data model.
///
/// Results of functions are remembered by the [`Object::identity`] and shape of their arguments, so one identity must not show
/// two different objects of one shape.
pub trait Object {
    /// The name of its shape in the schema.
    fn shape(&self) -> &'static str;
    /// The field at `index`, the position in the schema's shape.
    fn field<'a>(&'a self, index: usize, arena: &'a Arena) -> Value<'a>;
    /// What tells it from other objects of its shape: by default where it is. A view that is made anew each time it
    /// is asked for gives the address of what it shows, so that results about it are remembered.
    fn identity(&self) -> usize {
        std::ptr::from_ref(self).cast::<()>().addr()
    }
    /// The bytes behind it, when it is a file.
    fn bytes(&self) -> Option<&[u8]> {
        None
    }
    /// Itself, for the host's functions that take it as an argument and need its Rust type (`Some` only if `'static`).
    fn as_any(&self) -> Option<&dyn Any> {
        None
    }
}

/// An array that makes its items when they are asked for.
pub trait Items {
    /// How many.
    fn len(&self) -> usize;
    /// The item at `i`; [`Value::Null`] beyond the end.
    fn get<'a>(&'a self, i: usize, arena: &'a Arena) -> Value<'a>;
    /// None at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A map from names to values, in a fixed order.
pub trait Map {
    /// How many names.
    fn len(&self) -> usize;
    /// The name at position `i`.
    fn key(&self, i: usize) -> Option<&str>;
    /// The value of `name`; [`Value::Null`] when there is none.
    fn get<'a>(&'a self, name: &str, arena: &'a Arena) -> Value<'a>;
    /// None at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An array.
#[derive(Clone, Copy)]
pub enum List<'a> {
    /// Values side by side.
    Values(&'a [Value<'a>]),
    /// Strings as Rust holds them.
    Strings(&'a [String]),
    /// A JSON array.
    Json(&'a [serde_json::Value]),
    /// Items made when asked for.
    Items(&'a dyn Items),
}

impl<'a> List<'a> {
    /// How many items.
    pub fn len(&self) -> usize {
        match self {
            List::Values(v) => v.len(),
            List::Strings(v) => v.len(),
            List::Json(v) => v.len(),
            List::Items(v) => v.len(),
        }
    }

    /// No item.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The item at `i`; null beyond the end.
    pub fn get(&self, i: usize, arena: &'a Arena) -> Value<'a> {
        match self {
            List::Values(v) => v.get(i).copied().unwrap_or(Value::Null),
            List::Strings(v) => v.get(i).map_or(Value::Null, |s| Value::Str(s)),
            List::Json(v) => v.get(i).map_or(Value::Null, Value::json),
            List::Items(v) => v.get(i, arena),
        }
    }
}

impl<'a> Value<'a> {
    /// A JSON value as the language sees it: scalars are scalars, only arrays and objects stay JSON.
    pub fn json(json: &'a serde_json::Value) -> Value<'a> {
        use serde_json::Value as J;
        match json {
            J::Null => Value::Null,
            J::Bool(b) => Value::Bool(*b),
            J::Number(n) => match n.as_i64() {
                Some(i) => Value::Int(i),
                None => n.as_f64().map_or(Value::Null, Value::Float),
            },
            J::String(s) => Value::Str(s),
            J::Array(_) | J::Object(_) => Value::Json(json),
        }
    }

    /// Text, or null when there is none.
    pub fn opt_str(text: Option<&'a str>) -> Value<'a> {
        text.map_or(Value::Null, Value::Str)
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&'a str> {
        match *self {
            Value::Str(s) => Some(s),
            Value::Json(serde_json::Value::String(s)) => Some(s),
            _ => None,
        }
    }

    /// The array, if it is one (a JSON array too).
    pub fn as_list(&self) -> Option<List<'a>> {
        match *self {
            Value::List(l) => Some(l),
            Value::Json(serde_json::Value::Array(v)) => Some(List::Json(v)),
            _ => None,
        }
    }

    /// The object, if it is one.
    pub fn as_object(&self) -> Option<&'a dyn Object> {
        match *self {
            Value::Object(o) => Some(o),
            _ => None,
        }
    }

    /// Null, not unknown.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null | Value::Json(serde_json::Value::Null))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        Value::opt_str(text)
    }
}

impl From<Option<bool>> for Value<'_> {
    fn from(value: Option<bool>) -> Self {
        value.map_or(Value::Null, Value::Bool)
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(value: Option<i64>) -> Self {
        value.map_or(Value::Null, Value::Int)
    }
}

impl From<Option<f64>> for Value<'_> {
    fn from(value: Option<f64>) -> Self {
        value.map_or(Value::Null, Value::Float)
    }
}

/// What is missing, as a set; the names are with the [`Arena`] that made it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Missing(pub(crate) u64);

impl Missing {
    /// Nothing is missing.
    pub const NONE: Missing = Missing(0);

    /// Nothing is missing.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Missing {
    type Output = Missing;
    fn bitor(self, other: Missing) -> Missing {
        Missing(self.0 | other.0)
    }
}

/// What a function of the host gives back.
pub enum Outcome<'a> {
    /// A value.
    Value(Value<'a>),
    /// The capability that it would need (`whois`, `nlu`); the evaluation goes on with *unknown*.
    Missing(&'static str),
}

/// Who holds the message: roots, functions that are not part of the language, and lists.
pub trait Host<'a> {
    /// The root at `index`, in the order of the schema.
    fn root(&self, index: usize, arena: &'a Arena) -> Value<'a>;
    /// Calls the function at `function`, in the order of the schema's host functions. Asked at most once per message
    /// for the same arguments. `args` holds every parameter in declared order, defaults filled in.
    fn call(&self, function: usize, args: &[Value<'a>], arena: &'a Arena) -> Outcome<'a>;
    /// The list `$name` (without the `$`); `None` when nobody configured it.
    fn list(&self, name: &str) -> Option<&'a ListData>;
}

/// Where values that are made during evaluation live, for one message.
#[derive(Default)]
pub struct Arena {
    bump: Bump,
    kept: Kept,
    names: RefCell<Vec<Box<str>>>,
}

/// Bytes for which there is room from the start: half of all mails need no more.
const BYTES_FIRST: usize = 64 << 10;

/// The bit for everything after the 63rd missing capability of one message.
const LAST_BIT: usize = 63;

impl Arena {
    /// An empty arena.
    pub fn new() -> Arena {
        Arena { bump: Bump::with_capacity(BYTES_FIRST), ..Arena::default() }
    }

    /// A copy of a text.
    pub fn alloc_str(&self, text: &str) -> &str {
        self.bump.alloc_str(text)
    }

    /// A copy of a text with its ASCII letters made small.
    pub(crate) fn alloc_ascii_lower(&self, text: &str) -> &str {
        let copy = self.bump.alloc_str(text);
        copy.make_ascii_lowercase();
        copy
    }

    /// A copy of values side by side.
    pub fn alloc_slice<T: Copy>(&self, values: &[T]) -> &[T] {
        self.bump.alloc_slice_copy(values)
    }

    /// A small value without a destructor, such as a view that borrows from the message.
    pub fn alloc<T: Copy>(&self, value: T) -> &T {
        self.bump.alloc(value)
    }

    /// A value that owns nothing, such as a view with cells that are filled when they are read.
    pub fn place<T>(&self, value: T) -> &T {
        const { assert!(!std::mem::needs_drop::<T>(), "the arena drops nothing that is placed in it") };
        self.bump.alloc(value)
    }

    /// Keeps an owned value until the arena goes, e.g. an object that a function parsed.
    pub fn keep<T: Any>(&self, value: T) -> &T {
        self.kept.keep(value)
    }

    /// *Unknown*, because this is missing.
    pub fn unknown(&self, name: &str) -> Value<'_> {
        Value::Unknown(self.missing(name))
    }

    /// The set with one name.
    pub fn missing(&self, name: &str) -> Missing {
        let mut names = self.names.borrow_mut();
        let bit = match names.iter().position(|n| &**n == name) {
            Some(bit) => bit,
            None if names.len() < LAST_BIT => {
                names.push(name.into());
                names.len() - 1
            }
            None => LAST_BIT,
        };
        Missing(1 << bit)
    }

    /// The names in a set, sorted.
    pub fn missing_names(&self, missing: Missing) -> Vec<String> {
        let names = self.names.borrow();
        let mut out = Vec::with_capacity(missing.0.count_ones() as usize);
        let mut left = missing.0 & !(1 << LAST_BIT);
        while left != 0 {
            out.extend(names.get(left.trailing_zeros() as usize).map(|name| String::from(&**name)));
            left &= left - 1;
        }
        if missing.0 & (1 << LAST_BIT) != 0 {
            out.push("more".into());
        }
        out.sort_unstable();
        out
    }

    /// Bytes held.
    pub fn allocated_bytes(&self) -> usize {
        self.bump.allocated_bytes()
    }
}

type Bucket = Box<[OnceCell<Box<dyn Any>>]>;

/// Owned values behind shared references: buckets that double and never move, each cell written once.
#[derive(Default)]
struct Kept {
    len: Cell<usize>,
    buckets: [OnceCell<Bucket>; 28],
}

impl Kept {
    fn keep<T: Any>(&self, value: T) -> &T {
        let n = self.len.get() + 1;
        self.len.set(n);
        let bucket = n.ilog2() as usize;
        // 2^28 kept values do not fit a message; the last bucket's last cell would be shared then, and the type
        // check below would keep even that honest.
        let cells = self.buckets[bucket.min(27)]
            .get_or_init(|| (0..1usize << bucket.min(27)).map(|_| OnceCell::new()).collect());
        let cell = &cells[(n - (1 << bucket)).min(cells.len() - 1)];
        let kept = cell.get_or_init(|| Box::new(value));
        match kept.downcast_ref::<T>() {
            Some(kept) => kept,
            None => unreachable!("a fresh cell holds what was just put in"),
        }
    }
}
