//! Calls: of the script's own functions, of methods, of constructors.

use std::rc::Rc;

use super::{
    Machine, What,
    stmt::Flow,
    tree::Name,
    value::{Env, Text, Value},
};

/// Calls inside one another.
const CALLS_MAX: f64 = 40.0;
/// Functions that are kept for the end.
const DEFERRED_MAX: usize = 512;
/// Zeros that `new Uint8Array(n)` makes.
const ZEROS_MAX: usize = 16 << 20;
/// Items that `new Array(n)` has before something is written to them.
const UNDEFINED_MAX: usize = 4_096;

impl Machine<'_> {
    pub(crate) fn call(&mut self, callee: &Value, this: Value, args: Vec<Value>) -> Value {
        if !self.tick(1) {
            return Value::Unknown;
        }
        match callee {
            Value::Func(id) => self.call_closure(*id, this, args),
            Value::Method(method) => {
                let (object, name) = (**method).clone();
                self.method(&object, &name, args)
            }
            Value::Host(path) => self.host_call(&path.clone(), args),
            _ => {
                self.defer(&args);
                Value::Unknown
            }
        }
    }

    /// Functions handed to something unknown may be called by it, or by a person.
    pub(crate) fn defer(&mut self, args: &[Value]) {
        for function in args.iter().filter(|a| matches!(a, Value::Func(_))) {
            if self.deferred.len() >= DEFERRED_MAX {
                return self.gaps.aside(DEFERRED_MAX, "functions of a script that wait to be called");
            }
            self.deferred.push(function.clone());
        }
    }

    fn call_closure(&mut self, id: usize, this: Value, args: Vec<Value>) -> Value {
        let calls = Name::from("#calls");
        let nested = self.lookup(&calls, 0).and_then(|v| self.number(&v)).unwrap_or(0.0);
        if nested >= CALLS_MAX || !self.cells(16) {
            self.deep |= nested >= CALLS_MAX;
            return Value::Unknown;
        }
        let Some(closure) = self.closures.get_mut(id) else { return Value::Unknown };
        closure.called = true;
        let (func, parent) = (closure.func.clone(), closure.env);
        let this = if func.arrow { closure.this.clone() } else { this };
        self.envs.push(Env { parent: Some(parent), ..Env::default() });
        let env = self.envs.len() - 1;
        self.declare(&calls, Value::Num(nested + 1.0), 0);
        if !func.arrow {
            let this = if matches!(this, Value::Undef) { Value::Host("window".into()) } else { this };
            self.declare(&"this".into(), this, env);
            let all = self.array(args.clone());
            self.declare(&"arguments".into(), all, env);
        }
        if let Some(name) = &func.name
            && self.lookup(name, parent).is_none()
        {
            self.declare(name, Value::Func(id), env);
        }
        let mut args = args.into_iter();
        for param in &func.params {
            if let super::tree::Expr::Spread(inner) = param {
                let rest = self.array(args.by_ref().collect());
                self.bind(inner, rest, env);
                break;
            }
            // What nobody passed is unknown when nobody called: `finish` passes nothing.
            let value = args.next().unwrap_or(if self.user { Value::Unknown } else { Value::Undef });
            self.bind(param, value, env);
        }
        let flow = self.block(&func.body, env);
        self.declare(&calls, Value::Num(nested), 0);
        self.sweep_scope(env);
        match flow {
            Flow::Return(value) => value,
            _ => Value::Undef,
        }
    }

    /// `value.name`.
    pub(crate) fn member(&mut self, value: &Value, name: &Name) -> Value {
        match value {
            Value::Host(path) => {
                let joined = super::host::join(path, name);
                if joined.len() > 200 {
                    return Value::Unknown;
                }
                if !joined.contains('.')
                    && let Some(global) = self.lookup(&joined, 0)
                {
                    return global;
                }
                Value::Host(joined.into())
            }
            Value::Str(text) if &**name == "length" => Value::Num(text.units.len() as f64),
            Value::Array(id) if matches!(&**name, "length" | "byteLength") => {
                Value::Num(self.items(*id).len() as f64)
            }
            Value::Array(id) if matches!(&**name, "buffer") => Value::Array(*id),
            Value::Obj(id) => match self.prop(*id, name) {
                Some(found) => found.clone(),
                None => self.missing(*id, name),
            },
            Value::Unknown | Value::Undef | Value::Null => Value::Unknown,
            other => Value::Method(Rc::new((other.clone(), name.clone()))),
        }
    }

    /// A property that an object does not have: a method, or a detail of an element.
    fn missing(&mut self, id: usize, name: &Name) -> Value {
        let class = self.objects.get(id).map(|o| o.class.as_str()).unwrap_or_default();
        let plain =
            class.is_empty() && !matches!(&**name, "hasOwnProperty" | "toString" | "then" | "forEach");
        match (&**name, class) {
            ("style" | "dataset" | "classList" | "parentNode" | "body" | "head", _) if !class.is_empty() => {
                Value::Unknown
            }
            ("responseText" | "response" | "result" | "children", _) if !class.is_empty() => Value::Unknown,
            _ if plain => Value::Undef,
            _ => Value::Method(Rc::new((Value::Obj(id), name.clone()))),
        }
    }

    pub(crate) fn method(&mut self, object: &Value, name: &Name, args: Vec<Value>) -> Value {
        match (&**name, object) {
            ("call", Value::Func(_) | Value::Method(_)) => {
                let mut args = args.into_iter();
                let this = args.next().unwrap_or(Value::Undef);
                self.call_on(object, this, args.collect())
            }
            ("apply", Value::Func(_) | Value::Method(_)) => {
                let this = args.first().cloned().unwrap_or(Value::Undef);
                let list = match args.get(1) {
                    Some(Value::Array(id)) => self.items(*id).to_vec(),
                    _ => Vec::new(),
                };
                self.cells(list.len());
                self.call_on(object, this, list)
            }
            ("bind", _) => object.clone(),
            (_, Value::Str(text)) => self.string_method(text, name, &args),
            (_, Value::Num(n)) => self.number_method(*n, name, &args),
            (_, Value::Array(id)) => self.array_method(*id, name, &args),
            (_, Value::Obj(id)) => self.object_method(*id, name, args),
            (_, Value::Regex(body, flags)) => self.regex_method(body, flags, name, &args),
            ("toString", Value::Func(_)) => Value::Unknown,
            _ => {
                self.defer(&args);
                Value::Unknown
            }
        }
    }

    /// `f.call(this, …)`: a method taken off one value and used on another (`[].map.call("…", …)`).
    fn call_on(&mut self, callee: &Value, this: Value, args: Vec<Value>) -> Value {
        match callee {
            Value::Method(method) if !matches!(this, Value::Undef | Value::Null) && !this.is_unknown() => {
                let this = match (&this, &method.0) {
                    (Value::Str(text), Value::Array(_)) => {
                        let all = text.units.iter().map(|u| Value::Str(Text::of(vec![*u], text.decoded)));
                        let all = all.collect();
                        self.array(all)
                    }
                    _ => this,
                };
                self.method(&this, &method.1.clone(), args)
            }
            _ => self.call(callee, this, args),
        }
    }

    pub(crate) fn construct(&mut self, callee: &Value, args: Vec<Value>) -> Value {
        let path = match callee {
            Value::Host(path) => path.clone(),
            Value::Func(_) => {
                let this = Value::Obj(self.object("instance"));
                let made = self.call(callee, this.clone(), args);
                return if let Value::Obj(_) | Value::Array(_) = made { made } else { this };
            }
            _ => {
                self.defer(&args);
                return Value::Unknown;
            }
        };
        let first = args.first().cloned().unwrap_or(Value::Undef);
        match &*path {
            "Array" | "Uint8Array" | "Int8Array" | "Uint8ClampedArray" | "Uint16Array" | "Uint32Array"
            | "Int16Array" | "Int32Array" | "ArrayBuffer" | "Buffer" => self.typed(&path, first, args),
            "Blob" | "File" => self.blob(&path, &args),
            "ActiveXObject" => self.com(&first),
            "Function" => {
                if let Some(text) = args.last().cloned().and_then(|a| self.text(&a)) {
                    self.run_text(&text);
                }
                Value::Unknown
            }
            "String" | "Number" | "Boolean" | "RegExp" | "Object" => self.host_call(&path, args),
            "Image" | "Audio" => Value::Obj(self.object("img")),
            "Promise" => {
                let hosts = vec![Value::Host("#resolve".into()), Value::Host("#resolve".into())];
                self.call(&first, Value::Undef, hosts);
                Value::Unknown
            }
            "Error" | "TypeError" | "Map" | "Set" | "Date" | "Proxy" | "WeakMap" => Value::Unknown,
            "XMLHttpRequest" | "FormData" | "FileReader" | "TextDecoder" | "TextEncoder"
            | "URLSearchParams" | "WebSocket" | "Worker" | "EventSource" => {
                let id = self.object(&path.to_ascii_lowercase());
                if let ("WebSocket" | "Worker" | "EventSource", Value::Str(text)) = (&*path, &first) {
                    self.event(What::Request, &text.string(), text.decoded);
                }
                Value::Obj(id)
            }
            "URL" => first,
            _ => {
                self.defer(&args);
                Value::Unknown
            }
        }
    }

    fn typed(&mut self, path: &str, first: Value, args: Vec<Value>) -> Value {
        match first {
            Value::Num(n) if args.len() == 1 => {
                let count = (n.max(0.0) as usize).min(ZEROS_MAX);
                if n > ZEROS_MAX as f64 {
                    self.gaps.over(ZEROS_MAX, "items of an array");
                }
                // Its items come with what is written to them; few scripts ask how many there are before.
                if path == "Array" && count > UNDEFINED_MAX {
                    self.gaps.aside(UNDEFINED_MAX, "declared items of an array");
                    return self.array(Vec::new());
                }
                if !self.cells(count) {
                    return self.array(Vec::new());
                }
                let zero = if path == "Array" { Value::Undef } else { Value::Num(0.0) };
                self.array(vec![zero; count])
            }
            Value::Array(id) if path != "Array" => {
                let items = self.items(id).to_vec();
                let bytes = path.contains("int8") || path.contains("Int8") || path == "Buffer";
                let out = self.array(items);
                if bytes {
                    self.offer(&out);
                }
                out
            }
            Value::Unknown | Value::Host(_) if path != "Array" => Value::Unknown,
            _ => self.array(args),
        }
    }
}
