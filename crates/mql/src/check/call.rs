//! Checks calls: which function, which argument for which parameter, of which type.

use super::{Checker, json_text, params, typed, unknown};
use crate::ast::{Arg, Expr, Name, Span};
use crate::builtin::{self, Builtin, Typing};
use crate::re2;
use crate::schema::{DefaultValue, Param, ParamType, REGEX_MATCH};
use crate::typed::{Const, Typed, TypedKind};
use crate::types::Type;

impl Checker<'_> {
    pub(super) fn call(&mut self, span: Span, name: &Name, args: &[Arg]) -> Typed {
        if let Some(function) = Builtin::find(&name.text) {
            self.uses.functions.insert(name.text.to_string());
            return self.builtin(span, name, function, args);
        }
        let schema = self.schema;
        if let Some(id) = schema.function_id(&name.text)
            && let Some(function) = schema.functions().get(id as usize)
        {
            self.uses.functions.insert(name.text.to_string());
            let args = self.bind(name, &function.params, function.variadic, args);
            return typed(span, function.result.clone(), TypedKind::Host { function: id, args });
        }
        for arg in args {
            // Loops may stand in the arguments; errors in them are still worth a message.
            if self.scopes.is_empty() || !matches!(&*name.text, "any" | "all") {
                self.expr(&arg.value);
            }
        }
        let known = builtin::NAMES.iter().copied().chain(schema.functions().iter().map(|f| &*f.name));
        let help = self.suggest(&name.text, known, "").or_else(|| self.same_ending(&name.text));
        self.error(name.span, format!("unknown function `{}`", name.text), help)
    }

    /// `contains` for `strings.contains`.
    fn same_ending(&self, wanted: &str) -> Option<String> {
        let last = wanted.rsplit('.').next()?;
        let known = builtin::NAMES.iter().copied().chain(self.schema.functions().iter().map(|f| &*f.name));
        let found = known.into_iter().find(|name| name.rsplit('.').next() == Some(last))?;
        Some(format!("did you mean `{found}`?"))
    }

    fn builtin(&mut self, span: Span, name: &Name, function: Builtin, args: &[Arg]) -> Typed {
        let typing = function.typing();
        let fixed = typing.fixed_result();
        if let Some((params, variadic)) = params::of(typing) {
            let args = self.bind(name, params, *variadic, args);
            if function.takes_regex() {
                self.patterns(&args);
            }
            let ty = fixed.unwrap_or_else(|| Type::Shape(REGEX_MATCH).array());
            return typed(span, ty, TypedKind::Builtin { function, args });
        }
        if let Some(named) = args.iter().find_map(|arg| arg.name.as_ref()) {
            let message = format!("`{}` has no argument names", name.text);
            return self.error(named.span, message, None);
        }
        let (least, most) = typing.arity();
        if args.len() < least || most.is_some_and(|most| args.len() > most) {
            return self.arity(name, args.len(), least, most);
        }
        let exprs: Vec<&Expr> = args.iter().map(|arg| &arg.value).collect();
        let (ty, args) = match typing {
            Typing::Length => self.length(&exprs),
            Typing::Coalesce => self.coalesce(&exprs),
            Typing::Flatten => self.flatten(&exprs),
            Typing::Keys | Typing::Values => self.entries(name, typing, &exprs),
            _ => self.looped(name, typing, &exprs),
        };
        typed(span, fixed.unwrap_or(ty), TypedKind::Builtin { function, args })
    }

    /// Regular expressions are read here, so that a mistake in one is found before it is needed.
    fn patterns(&mut self, args: &[Typed]) {
        for arg in args.iter().skip(1) {
            let Some(pattern) = arg.const_str() else { continue };
            if let Err(error) = re2::parse(pattern, false) {
                // The last line says what; those before draw the pattern, which the snippet does already.
                let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
                self.error(arg.span, format!("not a regular expression: {reason}"), None);
            }
        }
    }

    fn arity(&mut self, name: &Name, found: usize, least: usize, most: Option<usize>) -> Typed {
        let plural = |n: usize| if n == 1 { "argument" } else { "arguments" };
        let wanted = match most {
            Some(most) if most == least => format!("{least} {}", plural(least)),
            Some(most) => format!("{least} to {most} arguments"),
            None => format!("at least {least} {}", plural(least)),
        };
        self.error(name.span, format!("`{}` takes {wanted}, found {found}", name.text), None)
    }

    /// The array argument and, in its scope, the others.
    fn looped(&mut self, name: &Name, typing: Typing, args: &[&Expr]) -> (Type, Vec<Typed>) {
        let Some((first, rest)) = args.split_first() else { return (Type::Unknown, Vec::new()) };
        let mut array = self.expr(first);
        let element = match &array.ty {
            Type::Array(of) => (**of).clone(),
            Type::Json => Type::Json,
            Type::Unknown | Type::Null => Type::Unknown,
            other => {
                let help =
                    matches!(other, Type::Map(_)).then(|| "loop over `keys(…)` or `values(…)`".to_owned());
                let message = format!("`{}` loops over an array, this is {}", name.text, self.name(other));
                array = self.error(array.span, message, help);
                Type::Unknown
            }
        };
        let mut all = vec![array];
        let mut value_type = element.clone();
        self.scopes.push(element.clone());
        for expr in rest {
            let value = self.loop_value(name, typing, expr);
            value_type = value.ty.clone();
            all.push(value);
        }
        self.scopes.pop();
        if typing == Typing::Sum && rest.is_empty() && !(element.is_numeric() || element.is_open()) {
            let message = format!("`sum` adds numbers, these are {}", self.name(&element));
            let span = all.first().map_or(name.span, |array| array.span);
            all = vec![self.error(span, message, None)];
        }
        let ty = match typing {
            Typing::Map => value_type.array(),
            Typing::Sum => value_type,
            Typing::Filter | Typing::Distinct => element.array(),
            _ => Type::Unknown,
        };
        (ty, all)
    }

    fn loop_value(&mut self, name: &Name, typing: Typing, expr: &Expr) -> Typed {
        if matches!(typing, Typing::Predicate | Typing::Filter | Typing::Ratio) {
            return self.truth(expr, &format!("`{}`", name.text));
        }
        let value = self.expr(expr);
        let fits = match typing {
            Typing::Distinct => value.ty.is_scalar() || value.ty == Type::Json,
            Typing::Sum => value.ty.is_numeric(),
            _ => true,
        };
        if fits || value.ty.is_open() {
            return value;
        }
        let wanted = if typing == Typing::Sum { "adds numbers" } else { "compares scalars" };
        let message = format!("`{}` {wanted}, this is {}", name.text, self.name(&value.ty));
        self.error(value.span, message, None)
    }

    fn length(&mut self, args: &[&Expr]) -> (Type, Vec<Typed>) {
        let mut all = Vec::with_capacity(1);
        for expr in args {
            let value = self.expr(expr);
            let fits = matches!(value.ty, Type::String | Type::Array(_) | Type::Map(_) | Type::Json);
            if fits || value.ty.is_open() {
                all.push(value);
            } else {
                let message = format!("{} has no length", self.name(&value.ty));
                all.push(self.error(value.span, message, None));
            }
        }
        (Type::Int, all)
    }

    fn coalesce(&mut self, args: &[&Expr]) -> (Type, Vec<Typed>) {
        let mut ty = Type::Null;
        let mut all = Vec::with_capacity(args.len());
        for expr in args {
            let value = self.expr(expr);
            match ty.common(&value.ty) {
                Some(common) => {
                    ty = common;
                    all.push(value);
                }
                None => {
                    let message = format!(
                        "arguments of `coalesce` have one type: {} after {}",
                        self.name(&value.ty),
                        self.name(&ty)
                    );
                    all.push(self.error(value.span, message, None));
                }
            }
        }
        (ty, all)
    }

    fn flatten(&mut self, args: &[&Expr]) -> (Type, Vec<Typed>) {
        let mut ty = Type::Unknown;
        let mut all = Vec::with_capacity(1);
        for expr in args {
            let value = self.expr(expr);
            ty = match &value.ty {
                Type::Array(of) => {
                    let mut leaf = &**of;
                    while let Type::Array(of) = leaf {
                        leaf = of;
                    }
                    leaf.clone().array()
                }
                Type::Json => Type::Json.array(),
                Type::Unknown | Type::Null => Type::Unknown,
                other => {
                    let message = format!("`flatten` takes an array, this is {}", self.name(other));
                    all.push(self.error(value.span, message, None));
                    return (Type::Unknown, all);
                }
            };
            all.push(value);
        }
        (ty, all)
    }

    fn entries(&mut self, name: &Name, typing: Typing, args: &[&Expr]) -> (Type, Vec<Typed>) {
        let mut ty = Type::Unknown;
        let mut all = Vec::with_capacity(1);
        for expr in args {
            let value = self.expr(expr);
            ty = match &value.ty {
                Type::Map(of) if typing == Typing::Values => (**of).clone().array(),
                Type::Json if typing == Typing::Values => Type::Json.array(),
                Type::Map(_) | Type::Json => Type::String.array(),
                Type::Unknown | Type::Null => Type::Unknown,
                other => {
                    let message = format!("`{}` takes a map, this is {}", name.text, self.name(other));
                    all.push(self.error(value.span, message, None));
                    return (Type::Unknown, all);
                }
            };
            all.push(value);
        }
        (ty, all)
    }

    /// Binds arguments to parameters: every parameter once, in order, then the variadic rest.
    fn bind(&mut self, name: &Name, params: &[Param], variadic: bool, args: &[Arg]) -> Vec<Typed> {
        let positional = args.iter().take_while(|arg| arg.name.is_none()).count();
        let required = params.iter().filter(|param| param.default.is_none()).count();
        if !variadic && positional > params.len() {
            self.arity(name, args.len(), required, Some(params.len()));
            return Vec::new();
        }
        let mut slots: Vec<Option<Typed>> = params.iter().map(|_| None).collect();
        let mut more = Vec::new();
        for (at, arg) in args.iter().take(positional).enumerate() {
            let Some(param) = params.get(at).or(params.last()) else { break };
            let value = self.argument(name, param, &arg.value);
            match slots.get_mut(at) {
                Some(slot) => *slot = Some(value),
                None => more.push(value),
            }
        }
        for arg in args.iter().skip(positional) {
            self.bind_named(name, params, arg, &mut slots);
        }
        let missing =
            params.iter().zip(&slots).any(|(param, slot)| slot.is_none() && param.default.is_none());
        if missing {
            let most = (!variadic).then_some(params.len());
            self.arity(name, args.len(), required, most);
        }
        let filled = slots
            .into_iter()
            .zip(params)
            .map(|(slot, param)| slot.unwrap_or_else(|| default(name.span, param)));
        filled.chain(more).collect()
    }

    fn bind_named(&mut self, name: &Name, params: &[Param], arg: &Arg, slots: &mut [Option<Typed>]) {
        let Some(keyword) = &arg.name else { return };
        let Some(at) = params.iter().position(|param| param.name == keyword.text) else {
            self.expr(&arg.value);
            let optional = params.iter().filter(|param| param.default.is_some()).map(|param| &*param.name);
            let help = self.suggest(&keyword.text, optional, "");
            self.error(keyword.span, format!("`{}` has no argument `{}`", name.text, keyword.text), help);
            return;
        };
        let value = params.get(at).map(|param| self.argument(name, param, &arg.value));
        match slots.get_mut(at) {
            Some(slot @ None) => *slot = value,
            _ => {
                self.error(keyword.span, format!("argument `{}` is given twice", keyword.text), None);
            }
        }
    }

    fn argument(&mut self, name: &Name, param: &Param, expr: &Expr) -> Typed {
        let value = self.expr(expr);
        if value.ty == Type::Unknown {
            return value;
        }
        let wanted = match &param.ty {
            ParamType::Any => return value,
            ParamType::Type(Type::String) if value.ty == Type::Json && !param.constant => {
                return json_text(value);
            }
            ParamType::Type(wanted) if value.ty.fits(wanted) => {
                if !param.constant || value.is_const() {
                    return value;
                }
                let message = format!("`{}` of `{}` must be a constant", param.name, name.text);
                return self.error(value.span, message, None);
            }
            ParamType::Type(wanted) => self.name(wanted),
            ParamType::Union(id) => {
                let members = self.schema.union(*id).map_or(&[][..], |(_, members)| members);
                match &value.ty {
                    Type::Null => return value,
                    Type::Shape(shape) if members.contains(shape) => return value,
                    _ => self.alternatives(members),
                }
            }
        };
        let message =
            format!("`{}` of `{}` is {wanted}, this is {}", param.name, name.text, self.name(&value.ty));
        self.error(value.span, message, None)
    }

    fn alternatives(&self, members: &[crate::schema::ShapeId]) -> String {
        let names: Vec<&str> =
            members.iter().filter_map(|id| self.schema.shape(*id)).map(|s| &*s.name).collect();
        names.join(" or ")
    }
}

/// The value of a parameter that is left out.
fn default(span: Span, param: &Param) -> Typed {
    let scalar = |value: &Const| {
        let ty = match value {
            Const::Null => Type::Null,
            Const::Bool(_) => Type::Bool,
            Const::Int(_) => Type::Int,
            Const::Float(_) => Type::Float,
            Const::Str(_) => Type::String,
        };
        typed(span, ty, TypedKind::Const(value.clone()))
    };
    match &param.default {
        None => unknown(span),
        Some(DefaultValue::Const(value)) => scalar(value),
        Some(DefaultValue::Array(items)) => {
            let items: Vec<Typed> = items.iter().map(scalar).collect();
            let of = items.first().map_or(Type::Null, |item| item.ty.clone());
            typed(span, of.array(), TypedKind::Array(items))
        }
    }
}
