//! Methods of arrays.

use super::{
    Machine,
    tree::Name,
    value::{Text, Value},
};

/// Arrays inside arrays that are laid out.
const FLAT_DEPTH: u32 = 8;

impl Machine<'_> {
    pub(crate) fn join(&mut self, id: usize, between: &[u16], depth: u32) -> Option<Text> {
        if depth > FLAT_DEPTH {
            self.gaps.over(FLAT_DEPTH as usize, "arrays inside one another that are joined");
            return None;
        }
        let (mut out, mut decoded) = (Vec::new(), false);
        if !self.cells(self.items(id).len().saturating_mul(between.len())) {
            return None;
        }
        for at in 0..self.items(id).len() {
            if at > 0 {
                out.extend_from_slice(between);
            }
            let text = match self.items(id).get(at).cloned() {
                Some(Value::Str(text)) => text,
                Some(Value::Undef | Value::Null) | None => continue,
                Some(Value::Array(inner)) => self.join(inner, &[u16::from(b',')], depth + 1)?,
                Some(other) => match self.text(&other) {
                    Some(text) => text,
                    None => continue,
                },
            };
            decoded |= text.decoded;
            out.extend_from_slice(&text.units);
            if !self.cells(text.units.len()) {
                return None;
            }
        }
        Some(Text::of(out, decoded))
    }

    pub(crate) fn array_method(&mut self, id: usize, name: &Name, args: &[Value]) -> Value {
        let length = self.items(id).len();
        let first = args.first().cloned().unwrap_or(Value::Undef);
        match &**name {
            "push" | "unshift" | "pop" | "shift" | "splice" | "reverse" | "fill" | "set" | "sort" => {
                self.change(id, name, args)
            }
            "join" | "toString" | "toLocaleString" => {
                let between = match (&**name, &first) {
                    ("join", Value::Str(text)) => text.units.to_vec(),
                    _ => vec![u16::from(b',')],
                };
                match self.join(id, &between, 0) {
                    // A list of pieces is a way to hide text.
                    Some(text) => {
                        self.string(text.units.to_vec(), text.decoded || length > 2 && between.is_empty())
                    }
                    None => Value::Unknown,
                }
            }
            "slice" | "subarray" => {
                let (from, to) = self.range(args, length);
                let part = self.items(id).get(from..to).unwrap_or_default().to_vec();
                self.array(part)
            }
            "concat" => {
                let mut all = self.items(id).to_vec();
                for arg in args {
                    match arg {
                        Value::Array(other) => all.extend_from_slice(self.items(*other)),
                        other => all.push(other.clone()),
                    }
                }
                self.array(all)
            }
            "map" | "forEach" | "filter" | "find" | "some" | "every" | "flatMap" => {
                self.each(id, name, &first)
            }
            "reduce" | "reduceRight" => self.reduce(id, name, args),
            "indexOf" | "includes" | "lastIndexOf" => {
                let mut at = None;
                for n in 0..length {
                    let item = self.items(id).get(n).cloned().unwrap_or(Value::Undef);
                    if self.equal(&item, &first) == Some(true) {
                        at = Some(n);
                        break;
                    }
                }
                self.tick(length as u64 / 8);
                match &**name {
                    "includes" => Value::Bool(at.is_some()),
                    _ => Value::Num(at.map_or(-1.0, |n| n as f64)),
                }
            }
            "at" => self.index(&Value::Array(id), &first),
            "flat" => {
                let mut out = Vec::new();
                for item in self.items(id) {
                    match item {
                        Value::Array(inner) => out.extend_from_slice(self.items(*inner)),
                        other => out.push(other.clone()),
                    }
                }
                self.array(out)
            }
            "keys" => {
                let keys = (0..length).map(|n| Value::Num(n as f64)).collect();
                self.array(keys)
            }
            "values" | "entries" => Value::Array(id),
            _ => Value::Unknown,
        }
    }

    pub(crate) fn range(&self, args: &[Value], length: usize) -> (usize, usize) {
        let bound = |value: Option<&Value>, otherwise: usize| match value.and_then(|v| self.number(v)) {
            Some(n) if n < 0.0 => length.saturating_sub(n.abs() as usize),
            Some(n) if !n.is_nan() => (n as usize).min(length),
            Some(_) => 0,
            None => otherwise,
        };
        let from = bound(args.first(), 0);
        let to = bound(args.get(1).filter(|v| !matches!(v, Value::Undef)), length);
        (from, to.max(from))
    }

    fn change(&mut self, id: usize, name: &str, args: &[Value]) -> Value {
        let length = self.items(id).len();
        if !self.cells(args.len())
            || matches!(name, "shift" | "unshift" | "splice" | "reverse") && !self.cells(length / 8)
        {
            return Value::Unknown;
        }
        let mut set = None;
        if name == "set"
            && let Some(Value::Array(other)) = args.first()
        {
            let at = args.get(1).and_then(|v| self.number(v)).unwrap_or(0.0).max(0.0) as usize;
            set = Some((at, self.items(*other).to_vec()));
        }
        let removed = (name == "splice").then(|| self.splice_range(args, length));
        let Some(items) = self.arrays.get_mut(id) else { return Value::Unknown };
        match name {
            "push" => {
                items.extend_from_slice(args);
                Value::Num(items.len() as f64)
            }
            "unshift" => {
                items.splice(0..0, args.iter().cloned());
                Value::Num(items.len() as f64)
            }
            "pop" => items.pop().unwrap_or(Value::Undef),
            "shift" if items.is_empty() => Value::Undef,
            "shift" => items.remove(0),
            "reverse" => {
                items.reverse();
                Value::Array(id)
            }
            "fill" => {
                items.fill(args.first().cloned().unwrap_or(Value::Undef));
                Value::Array(id)
            }
            "set" => {
                if let Some((at, from)) = set {
                    items.iter_mut().skip(at).zip(from).for_each(|(slot, value)| *slot = value);
                }
                Value::Undef
            }
            "splice" => {
                let (from, to) = removed.unwrap_or((0, 0));
                let out: Vec<Value> = items.splice(from..to, args.iter().skip(2).cloned()).collect();
                self.array(out)
            }
            _ => Value::Array(id),
        }
    }

    fn splice_range(&self, args: &[Value], length: usize) -> (usize, usize) {
        let (from, _) = self.range(args.get(..1).unwrap_or_default(), length);
        let count = args.get(1).and_then(|v| self.number(v)).map_or(length, |n| n.max(0.0) as usize);
        (from, from.saturating_add(count).min(length))
    }

    fn each(&mut self, id: usize, name: &str, function: &Value) -> Value {
        let (mut out, mut found) = (Vec::new(), None);
        for at in 0..self.items(id).len() {
            if self.grace || self.thrown || !self.tick(1) {
                break;
            }
            let item = self.items(id).get(at).cloned().unwrap_or(Value::Undef);
            let args = vec![item.clone(), Value::Num(at as f64), Value::Array(id)];
            let result = self.call(function, Value::Undef, args);
            match name {
                "map" | "flatMap" => out.push(result),
                "filter" if result.truth() != Some(false) => out.push(item),
                "find" | "some" if result.truth() == Some(true) => {
                    found = Some(item);
                    break;
                }
                _ => {}
            }
        }
        match name {
            "map" | "flatMap" | "filter" => self.array(out),
            "find" => found.unwrap_or(Value::Undef),
            "some" => Value::Bool(found.is_some()),
            "every" => Value::Unknown,
            _ => Value::Undef,
        }
    }

    fn reduce(&mut self, id: usize, name: &str, args: &[Value]) -> Value {
        let function = args.first().cloned().unwrap_or(Value::Undef);
        let length = self.items(id).len();
        let mut order: Vec<usize> = (0..length).collect();
        if name == "reduceRight" {
            order.reverse();
        }
        let mut order = order.into_iter();
        let mut sum = match args.get(1) {
            Some(start) => start.clone(),
            None => match order.next() {
                Some(at) => self.items(id).get(at).cloned().unwrap_or(Value::Undef),
                None => return Value::Unknown,
            },
        };
        for at in order {
            if self.grace || self.thrown || !self.tick(1) {
                break;
            }
            let item = self.items(id).get(at).cloned().unwrap_or(Value::Undef);
            sum =
                self.call(&function, Value::Undef, vec![sum, item, Value::Num(at as f64), Value::Array(id)]);
        }
        sum
    }
}
