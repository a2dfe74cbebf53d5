//! The tree back to text, in one canonical layout: what fits on a line stays on it, `and` and `or` begin lines,
//! brackets indent by two. Parsing the text gives the same tree. Comments are not part of the tree.

use std::fmt::Write as _;

use crate::ast::{Arg, Expr, ExprKind, InRight, Literal, Step};

/// Widest line that is not broken.
const WIDTH: usize = 100;

/// Prints a rule; the operands of a top-level `and` or `or` each get a line.
#[must_use]
pub fn print(expr: &Expr) -> String {
    let mut out = Printer { out: String::new(), column: 0 };
    match &expr.kind {
        ExprKind::And(items) => out.operands("and", items, 0),
        ExprKind::Or(items) => out.operands("or", items, 0),
        _ => out.node(expr, 0),
    }
    out.out
}

struct Printer {
    out: String,
    column: usize,
}

impl Printer {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn line(&mut self, indent: usize) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }

    fn node(&mut self, expr: &Expr, indent: usize) {
        let mut flat = Flat { out: String::new(), room: WIDTH.saturating_sub(self.column) };
        if flat.node(expr) {
            self.push(&flat.out);
        } else {
            self.broken(expr, indent);
        }
    }

    fn broken(&mut self, expr: &Expr, indent: usize) {
        match &expr.kind {
            ExprKind::Literal(_) | ExprKind::List(_) | ExprKind::Root(_) | ExprKind::Item { .. } => {
                let mut flat = Flat { out: String::new(), room: usize::MAX };
                flat.node(expr);
                self.push(&flat.out);
            }
            ExprKind::Access { base, steps } => self.access(base, steps, indent),
            ExprKind::Call { name, args } => {
                self.push(&name.text);
                self.list("(", ")", args, indent, |out, arg, indent| out.arg(arg, indent));
            }
            ExprKind::Array(items) => self.exprs("[", "]", items, indent),
            ExprKind::Paren(inner) => self.list("(", ")", std::slice::from_ref(&**inner), indent, Self::node),
            ExprKind::Not(operand) => {
                self.push("not ");
                self.node(operand, indent);
            }
            ExprKind::Neg(operand) => {
                self.push("-");
                self.node(operand, indent);
            }
            ExprKind::And(items) => self.operands("and", items, indent),
            ExprKind::Or(items) => self.operands("or", items, indent),
            ExprKind::Compare { first, rest } => {
                self.node(first, indent);
                for (op, operand) in rest {
                    self.tail(op.text(), operand, indent);
                }
            }
            ExprKind::Arith { first, rest } => {
                self.node(first, indent);
                for (op, operand) in rest {
                    self.tail(op.text(), operand, indent);
                }
            }
            ExprKind::In { left, negated, fold, right } => {
                self.node(left, indent);
                match right {
                    InRight::Tuple(items, _) => {
                        self.push(in_word(*negated, *fold));
                        self.exprs("(", ")", items, indent);
                    }
                    InRight::Expr(right) => self.tail(in_word(*negated, *fold).trim(), right, indent),
                }
            }
            ExprKind::IsNull { operand, negated } => {
                self.node(operand, indent);
                self.push(if *negated { " is not null" } else { " is null" });
            }
            ExprKind::Of { threshold, items } => {
                self.node(threshold, indent);
                self.push(" of ");
                self.exprs("(", ")", items, indent);
            }
        }
    }

    fn tail(&mut self, op: &str, operand: &Expr, indent: usize) {
        self.push(" ");
        self.push(op);
        self.push(" ");
        self.node(operand, indent);
    }

    fn access(&mut self, base: &Expr, steps: &[Step], indent: usize) {
        self.node(base, indent);
        let item = matches!(base.kind, ExprKind::Item { .. });
        for (at, step) in steps.iter().enumerate() {
            match step {
                Step::Member(name) => {
                    // `.` of an item is also the dot before its first member.
                    if !(item && at == 0) {
                        self.push(dot(base, at));
                    }
                    self.push(&name.text);
                }
                Step::Index(index, _) => {
                    self.push("[");
                    self.node(index, indent);
                    self.push("]");
                }
                Step::Slice(from, to, _) => {
                    self.push("[");
                    if let Some(from) = from {
                        self.node(from, indent);
                    }
                    self.push(":");
                    if let Some(to) = to {
                        self.node(to, indent);
                    }
                    self.push("]");
                }
            }
        }
    }

    fn arg(&mut self, arg: &Arg, indent: usize) {
        if let Some(name) = &arg.name {
            self.push(&name.text);
            self.push("=");
        }
        self.node(&arg.value, indent);
    }

    fn operands(&mut self, word: &str, items: &[Expr], indent: usize) {
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.line(indent);
                self.push(word);
                self.push(" ");
            }
            self.node(item, indent);
        }
    }

    fn exprs(&mut self, open: &str, close: &str, items: &[Expr], indent: usize) {
        self.list(open, close, items, indent, Self::node);
    }

    fn list<T>(
        &mut self,
        open: &str,
        close: &str,
        items: &[T],
        indent: usize,
        one: impl Fn(&mut Self, &T, usize),
    ) {
        self.push(open);
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.push(",");
            }
            self.line(indent + 2);
            one(self, item, indent + 2);
        }
        self.line(indent);
        self.push(close);
    }
}

/// The dot before a member; a list's name would swallow it without the space.
fn dot(base: &Expr, at: usize) -> &'static str {
    if at == 0 && matches!(base.kind, ExprKind::List(_)) { " ." } else { "." }
}

fn in_word(negated: bool, fold: bool) -> &'static str {
    match (negated, fold) {
        (false, false) => " in ",
        (false, true) => " in~ ",
        (true, false) => " not in ",
        (true, true) => " not in~ ",
    }
}

/// One line, given up as soon as it is too long.
struct Flat {
    out: String,
    room: usize,
}

impl Flat {
    /// False when there is no room.
    fn push(&mut self, text: &str) -> bool {
        let len = text.chars().count();
        if len > self.room {
            return false;
        }
        self.room -= len;
        self.out.push_str(text);
        true
    }

    fn node(&mut self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Literal(literal) => self.literal(literal),
            ExprKind::List(name) => self.push("$") && self.push(name),
            ExprKind::Root(name) => self.push(name),
            ExprKind::Item { dots } => self.push(&".".repeat(*dots as usize)),
            ExprKind::Access { base, steps } => self.access(base, steps),
            ExprKind::Call { name, args } => {
                self.push(&name.text) && self.list("(", ")", args, |flat, arg| flat.arg(arg))
            }
            ExprKind::Array(items) => self.list("[", "]", items, Self::node),
            ExprKind::Paren(inner) => self.push("(") && self.node(inner) && self.push(")"),
            ExprKind::Not(operand) => self.push("not ") && self.node(operand),
            ExprKind::Neg(operand) => self.push("-") && self.node(operand),
            ExprKind::And(items) => self.joined(" and ", items),
            ExprKind::Or(items) => self.joined(" or ", items),
            ExprKind::Compare { first, rest } => {
                self.node(first) && rest.iter().all(|(op, e)| self.tail(op.text(), e))
            }
            ExprKind::Arith { first, rest } => {
                self.node(first) && rest.iter().all(|(op, e)| self.tail(op.text(), e))
            }
            ExprKind::In { left, negated, fold, right } => {
                self.node(left)
                    && self.push(in_word(*negated, *fold))
                    && match right {
                        InRight::Tuple(items, _) => self.list("(", ")", items, Self::node),
                        InRight::Expr(right) => self.node(right),
                    }
            }
            ExprKind::IsNull { operand, negated } => {
                self.node(operand) && self.push(if *negated { " is not null" } else { " is null" })
            }
            ExprKind::Of { threshold, items } => {
                self.node(threshold) && self.push(" of ") && self.list("(", ")", items, Self::node)
            }
        }
    }

    fn tail(&mut self, op: &str, operand: &Expr) -> bool {
        self.push(" ") && self.push(op) && self.push(" ") && self.node(operand)
    }

    fn access(&mut self, base: &Expr, steps: &[Step]) -> bool {
        let item = matches!(base.kind, ExprKind::Item { .. });
        self.node(base)
            && steps.iter().enumerate().all(|(at, step)| match step {
                Step::Member(name) => {
                    ((item && at == 0) || self.push(dot(base, at))) && self.push(&name.text)
                }
                Step::Index(index, _) => self.push("[") && self.node(index) && self.push("]"),
                Step::Slice(from, to, _) => {
                    self.push("[")
                        && from.as_ref().is_none_or(|from| self.node(from))
                        && self.push(":")
                        && to.as_ref().is_none_or(|to| self.node(to))
                        && self.push("]")
                }
            })
    }

    fn arg(&mut self, arg: &Arg) -> bool {
        arg.name.as_ref().is_none_or(|name| self.push(&name.text) && self.push("=")) && self.node(&arg.value)
    }

    fn joined(&mut self, word: &str, items: &[Expr]) -> bool {
        items.iter().enumerate().all(|(at, item)| (at == 0 || self.push(word)) && self.node(item))
    }

    fn list<T>(&mut self, open: &str, close: &str, items: &[T], one: impl Fn(&mut Self, &T) -> bool) -> bool {
        self.push(open)
            && items.iter().enumerate().all(|(at, item)| (at == 0 || self.push(", ")) && one(self, item))
            && self.push(close)
    }

    fn literal(&mut self, literal: &Literal) -> bool {
        match literal {
            Literal::Null => self.push("null"),
            Literal::Bool(true) => self.push("true"),
            Literal::Bool(false) => self.push("false"),
            Literal::Int(value) => self.push(&value.to_string()),
            Literal::Float(value) => {
                let text = value.to_string();
                self.push(&text) && (text.contains('.') || self.push(".0"))
            }
            Literal::Str { value, raw } => self.push(&quoted(value, *raw)),
        }
    }
}

/// A string as a literal; what a single-quoted string cannot hold becomes a double-quoted one.
fn quoted(value: &str, raw: bool) -> String {
    if raw && !value.contains(['\r', '\n']) {
        return format!("'{}'", value.replace('\'', "''"));
    }
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Invisible characters are shown; writing to a String cannot fail.
            c if is_invisible(c) => drop(write!(out, "\\u{{{:04X}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn is_invisible(c: char) -> bool {
    c != ' '
        && c != '\0'
        && (c.is_control()
            || c.is_whitespace()
            || matches!(u32::from(c), 0xAD | 0x34F | 0x61C | 0x180B..=0x180F | 0x200B..=0x200F | 0x202A..=0x202E
                | 0x2060..=0x206F | 0xFE00..=0xFE0F | 0xFEFF | 0xE0000..=0xE01EF))
}

#[cfg(test)]
mod tests;
