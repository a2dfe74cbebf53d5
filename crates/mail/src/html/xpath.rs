//! XPath 1.0 over the tree, the part that rules use (mql.md §1.14): all axes but `namespace`, positional and nested
//! predicates, comparisons, arithmetic, unions, the string, number and boolean functions.

mod claims;
mod eval;
mod functions;
mod parse;
#[cfg(test)]
mod tests;

use html5ever::LocalName;

use super::{Html, NodeRef};

/// A compiled XPath expression.
#[derive(Debug, Clone, PartialEq)]
pub struct XPath {
    expr: Expr,
}

/// Why an XPath does not compile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("XPath, byte {at}: {reason}")]
pub struct XPathError {
    /// Byte of the expression.
    pub at: usize,
    /// What is wrong.
    pub reason: String,
}

impl XPath {
    /// Compiles an expression.
    pub fn compile(text: &str) -> Result<XPath, XPathError> {
        parse::parse(text).map(|expr| XPath { expr })
    }

    /// The name of an element without which it selects nothing, in a form that stands in the source behind a `<`,
    /// large or small, wherever the tree has such an element; `None` when there is no such name. Lets a document that
    /// has none unparsed.
    #[must_use]
    pub fn needs(&self) -> Option<&str> {
        self.names().map(|name| &**name).find(|name| !IMPLIED.contains(name))
    }

    /// Elements that it asks for one after the other: without any of them it selects nothing.
    fn names(&self) -> impl Iterator<Item = &LocalName> {
        let mut parts: Vec<&[Step]> = Vec::new();
        let mut next = Some(&self.expr);
        while let Some(expr) = next.take() {
            match expr {
                Expr::Path { steps, .. } => parts.push(steps),
                Expr::Filter { base, steps, .. } => {
                    parts.push(steps);
                    next = Some(base);
                }
                _ => {}
            }
        }
        parts.into_iter().flatten().filter(|step| step.axis != Axis::Attribute).filter_map(|step| match &step
            .test
        {
            Test::Name(name) => Some(name),
            _ => None,
        })
    }

    /// The nodes it selects, in document order; none for an expression that gives no nodes. Work is bounded by
    /// [`XPATH_STEPS_MAX`](crate::limits::XPATH_STEPS_MAX): over it, the nodes found so far.
    pub fn eval<'a>(&self, html: &'a Html) -> Vec<NodeRef<'a>> {
        match self.names().all(|name| html.tree.has(name)) {
            true => eval::select(&self.expr, html),
            false => Vec::new(),
        }
    }
}

/// Elements that the parser makes where the source has no tag of that name.
const IMPLIED: &[&str] = &["html", "head", "body", "tbody", "colgroup", "tr", "p", "br", "img"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    Ancestor,
    AncestorOrSelf,
    Attribute,
    Child,
    Descendant,
    DescendantOrSelf,
    Following,
    FollowingSibling,
    Parent,
    Preceding,
    PrecedingSibling,
    Itself,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Any,
    Name(LocalName),
    Text,
    Comment,
    Node,
}

#[derive(Debug, Clone, PartialEq)]
struct Step {
    axis: Axis,
    test: Test,
    predicates: Vec<Expr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Or,
    And,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Add,
    Sub,
    Mul,
    Div,
    Mod,
}

#[derive(Debug, Clone, PartialEq)]
enum Expr {
    Binary(Op, Box<Expr>, Box<Expr>),
    Negative(Box<Expr>),
    Union(Vec<Expr>),
    /// Steps from the root or from the context node.
    Path {
        absolute: bool,
        steps: Vec<Step>,
    },
    /// Predicates and steps applied to the nodes of an expression.
    Filter {
        base: Box<Expr>,
        predicates: Vec<Expr>,
        steps: Vec<Step>,
    },
    Literal(String),
    Number(f64),
    Call(functions::Function, Vec<Expr>),
}
