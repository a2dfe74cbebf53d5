//! Text → expression, by recursive descent with a depth limit.

use super::functions::Function;
use super::{Axis, Expr, Op, Step, Test, XPathError};

/// How deep expressions may nest.
const DEPTH_MAX: usize = 64;
/// Bytes of an expression.
const BYTES_MAX: usize = 8 << 10;

pub(super) fn parse(text: &str) -> Result<Expr, XPathError> {
    if text.len() > BYTES_MAX {
        return Err(XPathError { at: BYTES_MAX, reason: "too long".to_owned() });
    }
    let mut parser = Parser { text, at: 0, depth: 0 };
    let expr = parser.binary(0)?;
    parser.space();
    match parser.rest().chars().next() {
        None => Ok(expr),
        Some(c) => Err(parser.error(&format!("unexpected `{c}`"))),
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

/// Binary operators by precedence, weakest first; words need a boundary behind them.
const LEVELS: [&[(&str, Op)]; 6] = [
    &[("or", Op::Or)],
    &[("and", Op::And)],
    &[("=", Op::Eq), ("!=", Op::Ne)],
    &[("<=", Op::Le), (">=", Op::Ge), ("<", Op::Lt), (">", Op::Gt)],
    &[("+", Op::Add), ("-", Op::Sub)],
    &[("*", Op::Mul), ("div", Op::Div), ("mod", Op::Mod)],
];

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error(&self, reason: &str) -> XPathError {
        XPathError { at: self.at, reason: reason.to_owned() }
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Takes a symbol when it is next.
    fn take(&mut self, symbol: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(symbol);
        if found {
            self.at += symbol.len();
        }
        found
    }

    fn expect(&mut self, symbol: &str) -> Result<(), XPathError> {
        match self.take(symbol) {
            true => Ok(()),
            false => Err(self.error(&format!("`{symbol}` expected"))),
        }
    }

    fn operator(&mut self, level: usize) -> Option<Op> {
        self.space();
        let rest = self.rest();
        let operators = LEVELS.get(level)?;
        let (word, op) = operators.iter().find(|(word, _)| {
            let after = rest.strip_prefix(word);
            let is_word = word.starts_with(|c: char| c.is_ascii_alphabetic());
            after.is_some_and(|after| !is_word || !after.starts_with(is_name))
        })?;
        self.at += word.len();
        Some(*op)
    }

    fn binary(&mut self, level: usize) -> Result<Expr, XPathError> {
        if level == LEVELS.len() {
            return self.unary();
        }
        self.depth += 1;
        if self.depth > DEPTH_MAX * LEVELS.len() {
            return Err(self.error("nested too deep"));
        }
        let mut left = self.binary(level + 1)?;
        let mut chain = 0;
        while let Some(op) = self.operator(level) {
            chain += 1;
            if chain > DEPTH_MAX {
                return Err(self.error("too many operators in a row"));
            }
            left = Expr::Binary(op, Box::new(left), Box::new(self.binary(level + 1)?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, XPathError> {
        let mut negative = false;
        while self.take("-") {
            negative = !negative;
        }
        let mut parts = vec![self.path()?];
        while self.take("|") {
            parts.push(self.path()?);
        }
        let expr = match parts.pop() {
            Some(only) if parts.is_empty() => only,
            last => {
                parts.extend(last);
                Expr::Union(parts)
            }
        };
        Ok(if negative { Expr::Negative(Box::new(expr)) } else { expr })
    }

    fn path(&mut self) -> Result<Expr, XPathError> {
        self.space();
        if let Some(base) = self.primary()? {
            let predicates = self.predicates()?;
            let mut steps = Vec::new();
            self.more_steps(&mut steps)?;
            if predicates.is_empty() && steps.is_empty() {
                return Ok(base);
            }
            return Ok(Expr::Filter { base: Box::new(base), predicates, steps });
        }
        let mut steps = Vec::new();
        let absolute = self.rest().starts_with('/');
        if absolute {
            if !self.rest().starts_with("//") {
                self.at += 1;
                self.space();
                if self.rest().starts_with(is_name_start) || self.rest().starts_with(['*', '@', '.']) {
                    self.step(&mut steps)?;
                } else {
                    return Ok(Expr::Path { absolute, steps });
                }
            }
        } else {
            self.step(&mut steps)?;
        }
        self.more_steps(&mut steps)?;
        Ok(Expr::Path { absolute, steps })
    }

    /// `/step` and `//step` as long as there are any.
    fn more_steps(&mut self, steps: &mut Vec<Step>) -> Result<(), XPathError> {
        loop {
            if self.take("//") {
                steps.push(Step { axis: Axis::DescendantOrSelf, test: Test::Node, predicates: Vec::new() });
            } else if !self.take("/") {
                return Ok(());
            }
            self.step(steps)?;
        }
    }

    /// A literal, number, function call or expression in parentheses.
    fn primary(&mut self) -> Result<Option<Expr>, XPathError> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Err(self.error("expression expected")) };
        match first {
            '"' | '\'' => {
                let inside = rest.get(1..).unwrap_or_default();
                let Some(end) = inside.find(first) else { return Err(self.error("string without end")) };
                self.at += end + 2;
                Ok(Some(Expr::Literal(inside.get(..end).unwrap_or_default().to_owned())))
            }
            '(' => {
                self.at += 1;
                let inner = self.binary(0)?;
                self.expect(")")?;
                Ok(Some(inner))
            }
            _ if first.is_ascii_digit()
                || (first == '.' && rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit)) =>
            {
                let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
                let number = rest.get(..end).and_then(|digits| digits.parse().ok());
                self.at += end;
                number.map(|number| Some(Expr::Number(number))).ok_or_else(|| self.error("malformed number"))
            }
            _ => self.call(),
        }
    }

    fn call(&mut self) -> Result<Option<Expr>, XPathError> {
        let name = self.peek_name();
        let after = self.rest().get(name.len()..).unwrap_or_default().trim_start();
        if name.is_empty() || !after.starts_with('(') || matches!(name, "text" | "comment" | "node") {
            return Ok(None);
        }
        let Some(function) = Function::of(name) else {
            return Err(self.error(&format!("unknown function `{name}`")));
        };
        self.at += name.len();
        self.expect("(")?;
        let mut arguments = Vec::new();
        if !self.take(")") {
            loop {
                arguments.push(self.binary(0)?);
                if self.take(")") {
                    break;
                }
                self.expect(",")?;
            }
        }
        match function.arity().contains(&arguments.len()) {
            true => Ok(Some(Expr::Call(function, arguments))),
            false => Err(self.error(&format!("wrong number of arguments for `{name}`"))),
        }
    }

    /// A name; one colon is part of it (`o:p`), two are not.
    fn peek_name(&self) -> &'t str {
        let rest = self.rest();
        if !rest.starts_with(is_name_start) {
            return "";
        }
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let after = rest.get(end..).unwrap_or_default();
        let local = after.strip_prefix(':').filter(|local| local.starts_with(is_name_start));
        let end = match local {
            Some(local) => end + 1 + local.find(|c| !is_name(c)).unwrap_or(local.len()),
            None => end,
        };
        rest.get(..end).unwrap_or_default()
    }

    fn step(&mut self, steps: &mut Vec<Step>) -> Result<(), XPathError> {
        self.space();
        if self.take("..") {
            steps.push(Step { axis: Axis::Parent, test: Test::Node, predicates: self.predicates()? });
            return Ok(());
        }
        if self.take(".") {
            steps.push(Step { axis: Axis::Itself, test: Test::Node, predicates: self.predicates()? });
            return Ok(());
        }
        let axis = self.axis()?;
        let test = self.test()?;
        let predicates = self.predicates()?;
        steps.push(Step { axis, test, predicates });
        Ok(())
    }

    fn axis(&mut self) -> Result<Axis, XPathError> {
        if self.take("@") {
            return Ok(Axis::Attribute);
        }
        let name = self.peek_name();
        if !self.rest().get(name.len()..).unwrap_or_default().starts_with("::") {
            return Ok(Axis::Child);
        }
        let axis = match name {
            "ancestor" => Axis::Ancestor,
            "ancestor-or-self" => Axis::AncestorOrSelf,
            "attribute" => Axis::Attribute,
            "child" => Axis::Child,
            "descendant" => Axis::Descendant,
            "descendant-or-self" => Axis::DescendantOrSelf,
            "following" => Axis::Following,
            "following-sibling" => Axis::FollowingSibling,
            "parent" => Axis::Parent,
            "preceding" => Axis::Preceding,
            "preceding-sibling" => Axis::PrecedingSibling,
            "self" => Axis::Itself,
            _ => return Err(self.error(&format!("unknown axis `{name}`"))),
        };
        self.at += name.len() + 2;
        Ok(axis)
    }

    fn test(&mut self) -> Result<Test, XPathError> {
        if self.take("*") {
            return Ok(Test::Any);
        }
        let name = self.peek_name();
        if name.is_empty() {
            return Err(self.error("node test expected"));
        }
        self.at += name.len();
        let test = match name {
            "text" if self.take("(") => Test::Text,
            "comment" if self.take("(") => Test::Comment,
            "node" if self.take("(") => Test::Node,
            _ => return Ok(Test::Name(name.to_ascii_lowercase().into())),
        };
        self.expect(")")?;
        Ok(test)
    }

    fn predicates(&mut self) -> Result<Vec<Expr>, XPathError> {
        let mut out = Vec::new();
        while self.take("[") {
            out.push(self.binary(0)?);
            self.expect("]")?;
        }
        Ok(out)
    }
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}
