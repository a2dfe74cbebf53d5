//! Assignments: to variables, to elements of arrays, to properties that do something.

use super::{
    Machine, What,
    tree::{Expr, Name, Op, Step},
    value::{Text, Value, int32},
};

/// Elements that an assignment may add to an array beyond its end.
const GAP_MAX: usize = 1 << 16;
/// Names that files are saved under.
const NAMES_MAX: usize = 64;

impl Machine<'_> {
    pub(crate) fn assign(&mut self, op: Op, target: &Expr, value: &Expr, env: usize) -> Value {
        if op == "=" {
            let value = self.eval(value, env);
            self.set(target, value.clone(), env);
            return value;
        }
        let operator = op.strip_suffix('=').unwrap_or(op);
        if let "&&" | "||" | "??" = operator {
            let old = self.eval(target, env);
            let new = self.logical(operator, old, value, env);
            self.set(target, new.clone(), env);
            return new;
        }
        let right = self.eval(value, env);
        // The old text is moved out of its variable, so that `s += c` does not copy it each time.
        let old = match target {
            Expr::Ident(name) => self.take_variable(name, env).unwrap_or_else(|| self.eval(target, env)),
            _ => self.eval(target, env),
        };
        let new = self.binary(operator, old, &right);
        self.set(target, new.clone(), env);
        new
    }

    fn take_variable(&mut self, name: &str, env: usize) -> Option<Value> {
        let scope = self.scope_of(name, env)?;
        let slot = self.envs.get_mut(scope)?.vars.get_mut(name)?;
        matches!(slot, Value::Str(_)).then(|| std::mem::replace(slot, Value::Undef))
    }

    pub(crate) fn update(&mut self, op: Op, prefix: bool, target: &Expr, env: usize) -> Value {
        let old = self.eval(target, env);
        let Some(n) = self.number(&old) else { return Value::Unknown };
        let new = Value::Num(if op == "+" { n + 1.0 } else { n - 1.0 });
        self.set(target, new.clone(), env);
        if prefix { new } else { Value::Num(n) }
    }

    fn scope_of(&self, name: &str, env: usize) -> Option<usize> {
        let mut at = Some(env);
        while let Some(id) = at {
            let scope = self.envs.get(id)?;
            if scope.vars.contains_key(name) {
                return Some(id);
            }
            at = scope.parent;
        }
        None
    }

    pub(crate) fn declare(&mut self, name: &Name, value: Value, env: usize) {
        if let Some(scope) = self.envs.get_mut(env) {
            scope.vars.insert(name.clone(), value);
        }
    }

    /// Binds a target of `var`, a parameter or a loop; patterns take arrays and objects apart.
    pub(crate) fn bind(&mut self, target: &Expr, value: Value, env: usize) {
        match target {
            Expr::Ident(name) => self.declare(name, value, env),
            Expr::Assign("=", target, other) => {
                let value = if matches!(value, Value::Undef) { self.eval(other, env) } else { value };
                self.bind(target, value, env);
            }
            Expr::Spread(inner) => self.bind(inner, value, env),
            Expr::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    let part = self.index(&value, &Value::Num(at as f64));
                    self.bind(item, part, env);
                }
            }
            Expr::Object(props) => {
                for (key, inner) in props {
                    let key = self.eval(key, env);
                    let part = self.index(&value, &key);
                    self.bind(inner, part, env);
                }
            }
            _ => {}
        }
    }

    pub(crate) fn set(&mut self, target: &Expr, value: Value, env: usize) {
        match target {
            Expr::Ident(name) => match self.scope_of(name, env) {
                Some(scope) => self.declare(name, value, scope),
                None if matches!(&**name, "location" | "onload" | "onclick" | "name") => {
                    self.set_host(name, value, false);
                }
                None => self.declare(name, value, 0),
            },
            Expr::Post(base, steps) => self.set_post(base, steps, value, env),
            Expr::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    let part = self.index(&value, &Value::Num(at as f64));
                    self.set(item, part, env);
                }
            }
            _ => {}
        }
    }

    fn set_post(&mut self, base: &Expr, steps: &[Step], value: Value, env: usize) {
        let Some((last, before)) = steps.split_last() else { return };
        let object = if before.is_empty() { self.eval(base, env) } else { self.post(base, before, env).1 };
        match last {
            Step::Member(name) => self.set_member(&object, name, value, false),
            Step::Index(index) => {
                let key = self.eval(index, env);
                if let (Value::Array(id), Value::Num(n)) = (&object, &key) {
                    return self.set_item(*id, *n, value);
                }
                // A name that is written out says nothing; one that is put together hides something.
                let hidden = !matches!(index, Expr::Str(_, false));
                if let Some(key) = self.text(&key).filter(|k| k.units.len() < 4_096) {
                    self.set_member(&object, &Name::from(key.string()), value, hidden);
                }
            }
            Step::Call(_) => {}
        }
    }

    pub(crate) fn set_item(&mut self, id: usize, n: f64, value: Value) {
        if n < 0.0 || n.fract() != 0.0 {
            return;
        }
        let at = n as usize;
        let length = self.items(id).len();
        if at >= length {
            let more = at - length + 1;
            if more > GAP_MAX {
                return self.gaps.over(GAP_MAX, "empty items of an array");
            }
            if !self.cells(more) {
                return;
            }
        }
        if let Some(items) = self.arrays.get_mut(id) {
            if at >= length {
                items.resize(at + 1, Value::Undef);
            }
            if let Some(slot) = items.get_mut(at) {
                *slot = value;
            }
        }
    }

    pub(crate) fn set_member(&mut self, object: &Value, name: &Name, value: Value, hidden: bool) {
        match object {
            Value::Obj(id) => self.set_property(*id, name, value),
            Value::Host(path) => {
                let path = super::host::join(path, name);
                self.set_host(&path, value, hidden);
            }
            Value::Array(id) if &**name == "length" => {
                if let (Value::Num(n), Some(items)) = (&value, self.arrays.get_mut(*id)) {
                    items.truncate(int32(*n).max(0).cast_unsigned() as usize);
                }
            }
            Value::Unknown if matches!(&**name, "href" | "src") => {
                if let Value::Str(text) = &value {
                    let what = if &**name == "href" { What::Location } else { What::Load };
                    self.event(what, &text.string(), false);
                }
            }
            _ => {}
        }
    }

    /// A property of an object; those of elements load, lead or name files.
    fn set_property(&mut self, id: usize, name: &Name, value: Value) {
        let class = self.objects.get(id).map(|o| o.class.clone()).unwrap_or_default();
        if !class.is_empty() {
            match (&**name, &value) {
                ("src" | "data", Value::Str(text)) => {
                    self.data_url(text);
                    self.event(What::Load, &text.string(), text.decoded);
                }
                ("href", Value::Str(text)) => self.data_url(text),
                ("action", Value::Str(text)) => self.event(What::Request, &text.string(), text.decoded),
                ("download", Value::Str(text)) => self.file_name(text),
                ("innerHTML" | "outerHTML" | "srcdoc", Value::Str(text)) => self.write(text),
                ("text" | "textContent" | "innerText", Value::Str(text)) if class == "script" => {
                    self.run_text(&text.clone());
                }
                ("onload" | "onerror" | "onloadend" | "onreadystatechange", Value::Func(_)) => {
                    let this = Value::Obj(id);
                    self.call(&value, this, vec![Value::Unknown]);
                }
                (name, Value::Func(_)) if name.starts_with("on") => self.deferred.push(value.clone()),
                _ => {}
            }
        }
        self.cells(4);
        if let Some(object) = self.objects.get_mut(id) {
            object.props.insert(name.clone(), value);
        }
    }

    /// Something of the surroundings is set.
    pub(crate) fn set_host(&mut self, path: &str, value: Value, hidden: bool) {
        let last = path.rsplit('.').next().unwrap_or_default();
        match (last, &value) {
            ("location", Value::Str(text)) => self.go(text, hidden),
            ("href", Value::Str(text)) if path.ends_with("location.href") => self.go(text, hidden),
            ("innerHTML" | "outerHTML", Value::Str(text)) => self.write(text),
            ("src", Value::Str(text)) => self.event(What::Load, &text.string(), text.decoded),
            ("onload" | "onpageshow" | "onreadystatechange" | "onfocus", Value::Func(_)) => {
                self.call(&value, Value::Undef, vec![Value::Unknown]);
            }
            (last, Value::Func(_)) if last.starts_with("on") => self.deferred.push(value),
            _ if !path.contains('.') => self.declare(&Name::from(path), value, 0),
            _ => {}
        }
    }

    /// The page leads elsewhere.
    pub(crate) fn go(&mut self, to: &Text, hidden: bool) {
        self.data_url(to);
        self.event(What::Location, &to.string(), to.decoded || hidden);
    }

    pub(crate) fn file_name(&mut self, name: &Text) {
        let name: String = name.string().chars().take(256).collect();
        if !name.is_empty()
            && !self.names.contains(&name)
            && self.gaps.room(self.names.len(), NAMES_MAX, "names that a script saves files under")
        {
            self.names.push(name);
        }
    }
}
