//! Constants, names, calls, items of loops, and the access steps that follow them.

use super::{Parser, Result};
use crate::ast::{Arg, Expr, ExprKind, Literal, Name, Step};
use crate::lexer::{Kind, Token};

/// Words that cannot be the name of a root or a function.
const KEYWORDS: &[&str] = &["and", "or", "not", "in", "is", "of", "true", "false", "null"];

impl Parser<'_> {
    pub(super) fn postfix(&mut self) -> Result<Expr> {
        let start = self.span();
        let base = self.primary()?;
        let mut steps = Vec::new();
        loop {
            match self.kind() {
                Kind::Dots(1) if self.token(1).kind == Kind::Word => {
                    self.advance();
                    steps.push(Step::Member(self.name()));
                }
                Kind::Sign("[") => steps.push(self.index()?),
                _ => break,
            }
        }
        Ok(with_steps(base, steps, || self.since(start)))
    }

    #[inline(never)]
    fn index(&mut self) -> Result<Step> {
        let opened = self.span();
        self.advance();
        let bound = |parser: &mut Self, stop: &str| {
            if parser.is_sign(stop) { Ok(None) } else { parser.expr().map(|e| Some(Box::new(e))) }
        };
        let from = bound(self, ":")?;
        if self.eat_sign(":") {
            let to = bound(self, "]")?;
            self.expect_sign("]", opened)?;
            return Ok(Step::Slice(from, to, self.since(opened)));
        }
        self.expect_sign("]", opened)?;
        match from {
            Some(index) => Ok(Step::Index(index, self.since(opened))),
            None => self.unexpected("an index"),
        }
    }

    /// The current word as a name.
    fn name(&mut self) -> Name {
        let token = self.token(0);
        let name = Name { text: self.text(token).into(), span: token.span };
        self.advance();
        name
    }

    fn primary(&mut self) -> Result<Expr> {
        let start = self.span();
        let kind = match self.kind().clone() {
            Kind::Int(value) => self.literal(Literal::Int(value)),
            Kind::Float(value) => self.literal(Literal::Float(value)),
            Kind::Str { value, raw } => self.literal(Literal::Str { value, raw }),
            Kind::List => {
                let name = self.text(self.token(0)).get(1..).unwrap_or("").into();
                self.advance();
                ExprKind::List(name)
            }
            Kind::Dots(dots) => return Ok(self.item(dots)),
            Kind::Sign("(") => {
                self.advance();
                let inner = Box::new(self.expr()?);
                self.expect_sign(")", start)?;
                ExprKind::Paren(inner)
            }
            Kind::Sign("[") => {
                self.advance();
                ExprKind::Array(self.items("]", start)?)
            }
            Kind::Word => return self.word(),
            _ => return self.unexpected("a value"),
        };
        Ok(Expr { span: self.since(start), kind })
    }

    fn literal(&mut self, value: Literal) -> ExprKind {
        self.advance();
        ExprKind::Literal(value)
    }

    /// `.`, `..name`: the name must touch the last dot, so that `. in (…)` is the item itself.
    fn item(&mut self, dots: u32) -> Expr {
        let start = self.span();
        self.advance();
        let item = Expr { span: start, kind: ExprKind::Item { dots } };
        let next = self.token(0);
        if next.kind == Kind::Word && next.span.start == start.end {
            let step = Step::Member(self.name());
            return with_steps(item, vec![step], || self.since(start));
        }
        item
    }

    #[inline(never)]
    fn word(&mut self) -> Result<Expr> {
        let start = self.span();
        let text = self.text(self.token(0));
        let literal = match text {
            "true" => Some(Literal::Bool(true)),
            "false" => Some(Literal::Bool(false)),
            "null" => Some(Literal::Null),
            _ => None,
        };
        if let Some(literal) = literal {
            let kind = self.literal(literal);
            return Ok(Expr { span: start, kind });
        }
        if KEYWORDS.contains(&text) {
            return self.unexpected("a value");
        }
        if let Some(words) = self.call_name() {
            return self.call(words);
        }
        if self.is_word(1, "of") && matches!(text, "any" | "all" | "none" | "some") {
            let help =
                "there are no `any of`, `all of`, `none of`: write `1 of (…)`, `a and b`, `not (a or b)`";
            return Err(self.error(
                start,
                format!("`{text} of` is not part of the language"),
                Some(help.to_owned()),
            ));
        }
        self.advance();
        Ok(Expr { span: start, kind: ExprKind::Root(text.into()) })
    }

    /// Number of tokens of `name(.name)*` when an opening bracket follows it: then all of it is a function's name.
    fn call_name(&self) -> Option<usize> {
        let mut words = 1;
        loop {
            match &self.token(words).kind {
                Kind::Sign("(") => return Some(words),
                Kind::Dots(1) if self.token(words + 1).kind == Kind::Word => words += 2,
                _ => return None,
            }
        }
    }

    fn call(&mut self, words: usize) -> Result<Expr> {
        let start = self.span();
        let mut text = String::new();
        for _ in 0..words {
            let token: &Token = self.token(0);
            text.push_str(self.text(token));
            self.advance();
        }
        let name = Name { text: text.into(), span: self.since(start) };
        let opened = self.span();
        self.advance();
        let mut args: Vec<Arg> = Vec::new();
        while !self.eat_sign(")") {
            let arg = self.arg()?;
            if arg.name.is_none() && args.last().is_some_and(|before| before.name.is_some()) {
                let message = "an argument without a name cannot follow one with a name";
                return Err(self.error(arg.value.span, message, None));
            }
            args.push(arg);
            if !self.eat_sign(",") {
                self.expect_sign(")", opened)?;
                break;
            }
        }
        Ok(Expr { span: self.since(start), kind: ExprKind::Call { name, args } })
    }

    fn arg(&mut self) -> Result<Arg> {
        let named = *self.kind() == Kind::Word && self.token(1).kind == Kind::Sign("=");
        let name = named.then(|| self.name());
        if named {
            self.advance();
        }
        Ok(Arg { name, value: self.expr()? })
    }
}

/// Adds steps to a base, without nesting one access in another.
fn with_steps(base: Expr, mut steps: Vec<Step>, span: impl Fn() -> crate::ast::Span) -> Expr {
    if steps.is_empty() {
        return base;
    }
    let base = match base.kind {
        ExprKind::Access { base, steps: mut before } => {
            before.append(&mut steps);
            steps = before;
            base
        }
        _ => Box::new(base),
    };
    Expr { span: span(), kind: ExprKind::Access { base, steps } }
}
