//! Statements, and the order in which a page's scripts are read.

use super::{
    Machine,
    lexer::lex,
    parser::parse,
    tree::{Expr, Stmt},
    value::Value,
};

/// How a statement ends.
pub(crate) enum Flow {
    Normal,
    Break,
    Continue,
    Return(Value),
}

/// Text that runs text that runs text.
const EVAL_DEPTH_MAX: usize = 8;
/// Functions that nothing called and that are read at the end.
const UNCALLED_MAX: usize = 400;

impl Machine<'_> {
    /// Runs a script of the page.
    pub(crate) fn script(&mut self, source: &str) {
        self.run_source(source, 0);
    }

    /// Runs what needs a person: a handler in an attribute.
    pub(crate) fn handler(&mut self, source: &str) {
        self.user = true;
        self.run_source(source, 0);
        self.user = false;
    }

    /// Reads what waits for a person, then what nothing called.
    pub(crate) fn finish(&mut self) {
        self.user = true;
        let mut at = 0;
        while let Some(waiting) = self.deferred.get(at).cloned() {
            at += 1;
            if at > UNCALLED_MAX {
                self.gaps.aside(UNCALLED_MAX, "functions of a script that wait to be called");
                break;
            }
            if !self.tick(1) {
                break;
            }
            self.call(&waiting, Value::Undef, vec![Value::Unknown]);
        }
        for id in 0..self.closures.len() {
            if self.closures.get(id).is_some_and(|c| !c.called) {
                if id >= UNCALLED_MAX {
                    self.gaps.aside(UNCALLED_MAX, "functions of a script, some of which nothing calls");
                    break;
                }
                self.call(&Value::Func(id), Value::Undef, Vec::new());
            }
        }
        self.sweep();
    }

    fn run_source(&mut self, source: &str, depth: usize) {
        if !self.tick(1 + source.len() as u64 / 16) {
            return;
        }
        let lexed = lex(source);
        self.cut |= lexed.cut;
        let body = parse(&lexed, depth, &mut self.gaps);
        self.hoist(&body, 0);
        for statement in &body {
            self.exec(statement, 0);
            self.thrown = false;
        }
    }

    /// `eval`, `Function`, a script element's text.
    pub(crate) fn run_text(&mut self, text: &super::value::Text) {
        let source = text.string();
        self.event(super::What::Eval, &source, text.decoded);
        if text.decoded {
            self.note(&source);
        }
        let nested = self.lookup("#eval", 0).and_then(|v| self.number(&v)).unwrap_or(0.0);
        if nested >= EVAL_DEPTH_MAX as f64 {
            return self.gaps.over(EVAL_DEPTH_MAX, "scripts that run one another");
        }
        self.declare(&"#eval".into(), Value::Num(nested + 1.0), 0);
        self.run_source(&source, 0);
        self.declare(&"#eval".into(), Value::Num(nested), 0);
    }

    fn hoist(&mut self, body: &[Stmt], env: usize) {
        for statement in body {
            if let Stmt::Func(func) = statement
                && let Some(name) = &func.name
            {
                let value = self.closure(func, env);
                self.declare(name, value, env);
            }
        }
    }

    pub(crate) fn block(&mut self, body: &[Stmt], env: usize) -> Flow {
        self.hoist(body, env);
        for statement in body {
            match self.exec(statement, env) {
                Flow::Normal => {}
                other => return other,
            }
            if self.thrown {
                break;
            }
        }
        Flow::Normal
    }

    pub(crate) fn exec(&mut self, statement: &Stmt, env: usize) -> Flow {
        if !self.tick(1) {
            return Flow::Normal;
        }
        match statement {
            Stmt::Empty | Stmt::Func(_) => {}
            Stmt::Expr(expr) => {
                self.eval(expr, env);
            }
            Stmt::Var(vars) => self.vars(vars, env),
            Stmt::If(test, then, other) => return self.branch(test, then, other.as_deref(), env),
            Stmt::For { init, test, update, body } => {
                self.exec(init, env);
                return self.repeat(test.as_ref(), update.as_ref(), body, env, true);
            }
            Stmt::ForIn { target, of, over, body } => return self.for_in(target, *of, over, body, env),
            Stmt::While(test, body) => return self.repeat(Some(test), None, body, env, true),
            Stmt::DoWhile(body, test) => return self.repeat(Some(test), None, body, env, false),
            Stmt::Return(value) => {
                let value = value.as_ref().map_or(Value::Undef, |v| self.eval(v, env));
                return Flow::Return(value);
            }
            Stmt::Break => return Flow::Break,
            Stmt::Continue => return Flow::Continue,
            Stmt::Throw(value) => {
                self.eval(value, env);
                self.thrown = true;
            }
            Stmt::Try { block, param, handler, last } => {
                return self.attempt(block, param.as_ref(), handler, last, env);
            }
            Stmt::Switch(over, cases) => return self.switch(over, cases, env),
            Stmt::Block(body) => return self.block(body, env),
        }
        Flow::Normal
    }

    fn vars(&mut self, vars: &[(Expr, Option<Expr>)], env: usize) {
        for (target, value) in vars {
            match (target, value) {
                (Expr::Ident(name), None) => {
                    let known = self.envs.get(env).is_some_and(|e| e.vars.contains_key(name));
                    if !known {
                        self.declare(name, Value::Undef, env);
                    }
                }
                (_, None) => {}
                (target, Some(value)) => {
                    let value = self.eval(value, env);
                    self.bind(target, value, env);
                }
            }
        }
    }

    fn branch(&mut self, test: &Expr, then: &Stmt, other: Option<&Stmt>, env: usize) -> Flow {
        match self.eval(test, env).truth() {
            Some(true) => self.exec(then, env),
            Some(false) => other.map_or(Flow::Normal, |o| self.exec(o, env)),
            None => {
                // Both ways; what either leaves is not known to be left.
                self.exec(then, env);
                self.thrown = false;
                if let Some(other) = other {
                    self.exec(other, env);
                    self.thrown = false;
                }
                Flow::Normal
            }
        }
    }

    fn repeat(
        &mut self,
        test: Option<&Expr>,
        update: Option<&Expr>,
        body: &Stmt,
        env: usize,
        first: bool,
    ) -> Flow {
        let mut check = first;
        loop {
            let mut once = false;
            if check && let Some(test) = test {
                match self.eval(test, env).truth() {
                    Some(false) => return Flow::Normal,
                    Some(true) => {}
                    None => once = true,
                }
            }
            check = true;
            match self.exec(body, env) {
                Flow::Break => return Flow::Normal,
                Flow::Return(value) => return Flow::Return(value),
                Flow::Normal | Flow::Continue => {}
            }
            if let Some(update) = update {
                self.eval(update, env);
            }
            if once || self.thrown || self.grace || !self.tick(1) {
                return Flow::Normal;
            }
        }
    }

    fn for_in(&mut self, target: &Expr, of: bool, over: &Expr, body: &Stmt, env: usize) -> Flow {
        let over = self.eval(over, env);
        let items: Vec<Value> = match &over {
            Value::Array(id) if of => self.items(*id).to_vec(),
            Value::Array(id) => (0..self.items(*id).len()).map(|n| Value::text(&n.to_string())).collect(),
            Value::Str(text) => (0..text.units.len())
                .filter_map(|n| {
                    Some(Value::Str(super::value::Text::of(vec![*text.units.get(n)?], text.decoded)))
                })
                .collect(),
            Value::Obj(id) => self
                .objects
                .get(*id)
                .map(|o| o.props.keys().map(|k| Value::text(k)).collect())
                .unwrap_or_default(),
            _ => vec![Value::Unknown],
        };
        self.cells(items.len());
        for item in items {
            if matches!(target, Expr::Ident(_)) {
                self.bind(target, item, env)
            } else {
                self.set(target, item, env)
            }
            match self.exec(body, env) {
                Flow::Break => break,
                Flow::Return(value) => return Flow::Return(value),
                Flow::Normal | Flow::Continue => {}
            }
            if self.thrown || self.grace || !self.tick(1) {
                break;
            }
        }
        Flow::Normal
    }

    fn attempt(
        &mut self,
        block: &[Stmt],
        param: Option<&Expr>,
        handler: &[Stmt],
        last: &[Stmt],
        env: usize,
    ) -> Flow {
        let mut flow = self.block(block, env);
        if self.thrown {
            self.thrown = false;
            if let Some(param) = param {
                self.bind(param, Value::Unknown, env);
            }
            flow = self.block(handler, env);
        }
        match self.block(last, env) {
            Flow::Normal => flow,
            other => other,
        }
    }

    fn switch(&mut self, over: &Expr, cases: &[(Option<Expr>, Vec<Stmt>)], env: usize) -> Flow {
        let over = self.eval(over, env);
        let mut start = None;
        for (at, (value, _)) in cases.iter().enumerate() {
            let Some(value) = value else { continue };
            let value = self.eval(value, env);
            match self.equal(&over, &value) {
                Some(true) => {
                    start = Some(at);
                    break;
                }
                Some(false) => {}
                None => {
                    // Unknown: every case is read.
                    for (_, body) in cases {
                        self.block(body, env);
                        self.thrown = false;
                    }
                    return Flow::Normal;
                }
            }
        }
        let start = start.or_else(|| cases.iter().position(|(value, _)| value.is_none()));
        for (_, body) in cases.iter().skip(start.unwrap_or(cases.len())) {
            match self.block(body, env) {
                Flow::Normal => {}
                Flow::Break => return Flow::Normal,
                other => return other,
            }
            if self.thrown {
                break;
            }
        }
        Flow::Normal
    }
}
