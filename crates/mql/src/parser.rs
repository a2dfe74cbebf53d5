//! Tokens to the tree, by recursive descent. Long lists are read in loops; nesting is limited.

mod primary;

use crate::ast::{ArithOp, CmpOp, Expr, ExprKind, InRight, Span};
use crate::diagnostic::{Diagnostic, Severity};
use crate::lexer::{self, Kind, Token};
use crate::limits::{MAX_DEPTH, MAX_SOURCE, MAX_TAILS};

type Result<T> = std::result::Result<T, Box<Diagnostic>>;

/// Reads a source.
///
/// # Errors
/// The first syntax error.
pub fn parse(source: &str) -> Result<Expr> {
    if source.len() > MAX_SOURCE {
        let message = format!("source is longer than {MAX_SOURCE} bytes");
        return Err(Box::new(Diagnostic::new(Severity::Error, "", Span::default(), message)));
    }
    let tokens = lexer::lex(source).map_err(|error| {
        Box::new(Diagnostic::new(Severity::Error, source, error.span, error.message).with_help(error.help))
    })?;
    let mut parser = Parser { source, tokens, at: 0, depth: 0 };
    let expr = parser.expr()?;
    match parser.kind() {
        Kind::End => Ok(expr),
        _ => parser.unexpected("`and`, `or` or the end of the rule"),
    }
}

struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
}

const END: Token = Token { span: Span { start: 0, end: 0 }, kind: Kind::End };

impl<'a> Parser<'a> {
    fn token(&self, ahead: usize) -> &Token {
        // `End` is never passed, so the fallback is never seen.
        self.tokens.get(self.at + ahead).unwrap_or(&END)
    }

    fn kind(&self) -> &Kind {
        &self.token(0).kind
    }

    fn span(&self) -> Span {
        self.token(0).span
    }

    /// Span from `start` to the last token read.
    fn since(&self, start: Span) -> Span {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        last.map_or(start, |token| start.to(token.span))
    }

    fn text(&self, token: &Token) -> &'a str {
        token.span.text(self.source)
    }

    fn advance(&mut self) {
        if *self.kind() != Kind::End {
            self.at += 1;
        }
    }

    fn is_word(&self, ahead: usize, word: &str) -> bool {
        let token = self.token(ahead);
        token.kind == Kind::Word && self.text(token) == word
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let yes = self.is_word(0, word);
        if yes {
            self.advance();
        }
        yes
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.kind(), Kind::Sign(s) if *s == sign)
    }

    fn eat_sign(&mut self, sign: &str) -> bool {
        let yes = self.is_sign(sign);
        if yes {
            self.advance();
        }
        yes
    }

    fn expect_sign(&mut self, sign: &str, opened: Span) -> Result<()> {
        if self.eat_sign(sign) {
            return Ok(());
        }
        if *self.kind() == Kind::End {
            let message = format!("`{}` is not closed", opened.text(self.source));
            return Err(self.error(opened, message, Some(format!("add `{sign}`"))));
        }
        self.unexpected(&format!("`,` or `{sign}`"))
    }

    fn error(&self, span: Span, message: impl Into<String>, help: Option<String>) -> Box<Diagnostic> {
        Box::new(Diagnostic::new(Severity::Error, self.source, span, message).with_help(help))
    }

    /// The current token is not what the grammar wants.
    fn unexpected<T>(&self, wanted: &str) -> Result<T> {
        let token = self.token(0);
        let found = match token.kind {
            Kind::End => "the end of the rule".to_owned(),
            Kind::Str { .. } => "a string".to_owned(),
            _ => format!("`{}`", self.text(token)),
        };
        let help = match &token.kind {
            Kind::Word if self.text(token) == "of" => {
                Some("a count comes before `of`: `2 of (a, b, c)`".to_owned())
            }
            Kind::Sign("=") => Some("write `==` to compare".to_owned()),
            _ => None,
        };
        Err(self.error(token.span, format!("expected {wanted}, found {found}"), help))
    }

    fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(self.span(), format!("nested deeper than {MAX_DEPTH} levels"), None));
        }
        Ok(())
    }

    /// `or_e`
    fn expr(&mut self) -> Result<Expr> {
        self.enter()?;
        let start = self.span();
        let first = self.and_e()?;
        let expr = if self.is_word(0, "or") {
            let mut items = vec![first];
            while self.eat_word("or") {
                items.push(self.and_e()?);
            }
            Expr { span: self.since(start), kind: ExprKind::Or(items) }
        } else {
            first
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn and_e(&mut self) -> Result<Expr> {
        let start = self.span();
        let first = self.not_e()?;
        if !self.is_word(0, "and") {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.eat_word("and") {
            items.push(self.not_e()?);
        }
        Ok(Expr { span: self.since(start), kind: ExprKind::And(items) })
    }

    fn not_e(&mut self) -> Result<Expr> {
        let start = self.span();
        if !self.eat_word("not") {
            return self.of_e();
        }
        self.enter()?;
        let operand = Box::new(self.not_e()?);
        self.depth -= 1;
        Ok(Expr { span: self.since(start), kind: ExprKind::Not(operand) })
    }

    fn of_e(&mut self) -> Result<Expr> {
        let start = self.span();
        let threshold = self.cmp_e()?;
        if !self.eat_word("of") {
            return Ok(threshold);
        }
        let opened = self.span();
        if !self.eat_sign("(") {
            return self.unexpected("`(`");
        }
        let items = self.items(")", opened)?;
        if items.is_empty() {
            return Err(self.error(self.since(start), "`of` needs at least one clause", None));
        }
        let kind = ExprKind::Of { threshold: Box::new(threshold), items };
        Ok(Expr { span: self.since(start), kind })
    }

    fn cmp_e(&mut self) -> Result<Expr> {
        let start = self.span();
        let mut left = self.add_e()?;
        let mut tails = 0;
        loop {
            let next = if self.relop().is_some() {
                self.rel_tail(left, start)?
            } else if self.is_word(0, "is") {
                self.null_tail(left, start)?
            } else if self.is_in(0) || (self.is_word(0, "not") && self.is_in(1)) {
                self.in_tail(left, start)?
            } else {
                return Ok(left);
            };
            tails += 1;
            if tails > MAX_TAILS {
                return Err(self.error(self.since(start), "too many comparisons in a row", None));
            }
            left = next;
        }
    }

    fn relop(&self) -> Option<CmpOp> {
        match self.kind() {
            Kind::Sign("==") => Some(CmpOp::Eq),
            Kind::Sign("!=") => Some(CmpOp::Ne),
            Kind::Sign("=~") => Some(CmpOp::EqFold),
            Kind::Sign("!~") => Some(CmpOp::NeFold),
            Kind::Sign("<") => Some(CmpOp::Lt),
            Kind::Sign("<=") => Some(CmpOp::Le),
            Kind::Sign(">") => Some(CmpOp::Gt),
            Kind::Sign(">=") => Some(CmpOp::Ge),
            _ => None,
        }
    }

    #[inline(never)]
    fn rel_tail(&mut self, first: Expr, start: Span) -> Result<Expr> {
        let mut rest: Vec<(CmpOp, Expr)> = Vec::new();
        while let Some(op) = self.relop() {
            let at = self.span();
            let chains = |op| matches!(op, CmpOp::Lt | CmpOp::Le);
            if let Some((before, _)) = rest.last()
                && !(chains(op) && chains(*before))
            {
                let help = "only `<` and `<=` chain, as in `1 < x <= 5`; use brackets or `and`";
                return Err(self.error(at, "comparisons cannot be chained like this", Some(help.to_owned())));
            }
            self.advance();
            let operand = self.add_e()?;
            rest.push((op, operand));
        }
        Ok(Expr { span: self.since(start), kind: ExprKind::Compare { first: Box::new(first), rest } })
    }

    #[inline(never)]
    fn null_tail(&mut self, operand: Expr, start: Span) -> Result<Expr> {
        self.advance();
        let negated = self.eat_word("not");
        if !self.eat_word("null") {
            return self.unexpected(if negated { "`null`" } else { "`null` or `not null`" });
        }
        let kind = ExprKind::IsNull { operand: Box::new(operand), negated };
        Ok(Expr { span: self.since(start), kind })
    }

    fn is_in(&self, ahead: usize) -> bool {
        self.token(ahead).kind == Kind::InFold || self.is_word(ahead, "in")
    }

    #[inline(never)]
    fn in_tail(&mut self, left: Expr, start: Span) -> Result<Expr> {
        let negated = self.eat_word("not");
        let fold = *self.kind() == Kind::InFold;
        self.advance();
        let opened = self.span();
        let right = if self.eat_sign("(") {
            let items = self.items(")", opened)?;
            if items.is_empty() {
                return Err(self.error(self.since(opened), "`in` needs at least one value", None));
            }
            InRight::Tuple(items, self.since(opened))
        } else {
            InRight::Expr(Box::new(self.add_e()?))
        };
        let kind = ExprKind::In { left: Box::new(left), negated, fold, right };
        Ok(Expr { span: self.since(start), kind })
    }

    fn add_e(&mut self) -> Result<Expr> {
        let start = self.span();
        let first = self.mul_e()?;
        let op = |parser: &Self| match parser.kind() {
            Kind::Sign("+") => Some(ArithOp::Add),
            Kind::Sign("-") => Some(ArithOp::Sub),
            _ => None,
        };
        if op(self).is_none() {
            return Ok(first);
        }
        let mut rest = Vec::new();
        while let Some(op) = op(self) {
            self.advance();
            rest.push((op, self.mul_e()?));
        }
        Ok(Expr { span: self.since(start), kind: ExprKind::Arith { first: Box::new(first), rest } })
    }

    fn mul_e(&mut self) -> Result<Expr> {
        let start = self.span();
        let first = self.unary()?;
        let op = |parser: &Self| match parser.kind() {
            Kind::Sign("*") => Some(ArithOp::Mul),
            Kind::Sign("/") => Some(ArithOp::Div),
            Kind::Sign("%") => Some(ArithOp::Rem),
            _ => None,
        };
        if op(self).is_none() {
            return Ok(first);
        }
        let mut rest = Vec::new();
        while let Some(op) = op(self) {
            self.advance();
            rest.push((op, self.unary()?));
        }
        Ok(Expr { span: self.since(start), kind: ExprKind::Arith { first: Box::new(first), rest } })
    }

    fn unary(&mut self) -> Result<Expr> {
        let start = self.span();
        if !self.eat_sign("-") {
            return self.postfix();
        }
        self.enter()?;
        let operand = Box::new(self.unary()?);
        self.depth -= 1;
        Ok(Expr { span: self.since(start), kind: ExprKind::Neg(operand) })
    }

    /// Comma-separated expressions up to `close`, which is read too; the bracket before them is `opened`.
    fn items(&mut self, close: &str, opened: Span) -> Result<Vec<Expr>> {
        let mut items = Vec::new();
        while !self.eat_sign(close) {
            items.push(self.expr()?);
            if !self.eat_sign(",") {
                self.expect_sign(close, opened)?;
                break;
            }
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests;
