//! Literals that hold code: arrays, objects, functions, classes.

use std::rc::Rc;

use super::{
    super::{
        lexer::Kind,
        tree::{Expr, Func, Name},
    },
    Parser, units,
};

impl Parser<'_, '_> {
    pub(super) fn array(&mut self) -> Expr {
        self.at += 1;
        let outer = std::mem::replace(&mut self.no_in, false);
        let mut out = Vec::new();
        while !self.is_end() && !self.eat("]") {
            let before = self.at;
            if self.is(",") {
                out.push(Expr::Undefined);
            } else {
                out.push(self.spread_or_assignment());
            }
            self.eat(",");
            if self.at == before {
                self.at += 1;
            }
        }
        self.no_in = outer;
        Expr::Array(out)
    }

    pub(super) fn object(&mut self) -> Expr {
        self.at += 1;
        let outer = std::mem::replace(&mut self.no_in, false);
        let mut out = Vec::new();
        while !self.is_end() && !self.eat("}") {
            let before = self.at;
            self.property(&mut out);
            self.eat(",");
            if self.at == before {
                self.at += 1;
            }
        }
        self.no_in = outer;
        Expr::Object(out)
    }

    fn property(&mut self, out: &mut Vec<(Expr, Expr)>) {
        if self.eat("...") {
            let value = self.assignment();
            out.push((Expr::Unknown, Expr::Spread(Box::new(value))));
            return;
        }
        self.modifiers();
        let (key, name) = self.key();
        if self.eat(":") {
            out.push((key, self.assignment()));
        } else if self.is("(") {
            let params = self.params();
            let body = self.block();
            out.push((key, Expr::Func(Rc::new(Func { name: None, params, body, arrow: false }))));
        } else if let Some(name) = name {
            // `{a}` and, in a pattern, `{a = 1}`.
            let value = Expr::Ident(name);
            if self.eat("=") {
                self.assignment();
            }
            out.push((key, value));
        }
    }

    /// `get`, `set`, `static`, `async`, `*` before a name.
    fn modifiers(&mut self) {
        loop {
            let modifier = match self.kind() {
                Kind::Ident(name) => matches!(name.as_ref(), "get" | "set"),
                Kind::Keyword(name) => matches!(*name, "static" | "async"),
                Kind::Punct("*" | "#") => true,
                _ => false,
            };
            let next = self.kind_at(self.at + 1);
            let named = matches!(
                next,
                Kind::Ident(_) | Kind::Keyword(_) | Kind::Str(..) | Kind::Punct("[" | "*" | "#")
            );
            if !modifier || !named {
                return;
            }
            self.at += 1;
        }
    }

    fn key(&mut self) -> (Expr, Option<Name>) {
        let kind = self.kind();
        let out = match kind {
            Kind::Ident(name) => (Expr::Str(units(name), false), Some(Name::from(name.as_ref()))),
            Kind::Keyword(name) => (Expr::Str(units(name), false), Some(Name::from(*name))),
            Kind::Str(text, _) => (Expr::Str(units(text), false), None),
            Kind::Num(value) => (Expr::Num(*value), None),
            Kind::Punct("[") => {
                self.at += 1;
                let key = self.assignment();
                self.eat("]");
                return (key, None);
            }
            _ => return (Expr::Unknown, None),
        };
        self.at += 1;
        out
    }

    pub(super) fn function(&mut self) -> Expr {
        self.at += 1;
        self.eat("*");
        let name = match self.kind() {
            Kind::Ident(name) => {
                self.at += 1;
                Some(Name::from(name.as_ref()))
            }
            _ => None,
        };
        let params = self.params();
        let body = self.block();
        Expr::Func(Rc::new(Func { name, params, body, arrow: false }))
    }

    /// A class as an object of its methods: enough to read what they do.
    pub(super) fn class(&mut self) -> Expr {
        self.at += 1;
        if matches!(self.kind(), Kind::Ident(_)) {
            self.at += 1;
        }
        if self.eat_word("extends") {
            self.postfix();
        }
        let mut out = Vec::new();
        if self.eat("{") {
            while !self.is_end() && !self.eat("}") {
                let before = self.at;
                self.modifiers();
                let (key, _) = self.key();
                if self.is("(") {
                    let params = self.params();
                    let body = self.block();
                    out.push((key, Expr::Func(Rc::new(Func { name: None, params, body, arrow: false }))));
                } else if self.eat("=") {
                    out.push((key, self.assignment()));
                }
                self.eat(";");
                if self.at == before {
                    self.at += 1;
                }
            }
        }
        Expr::Object(out)
    }
}
