//! Evaluating formulas. Chains of operators, which malware nests hundreds deep, run on a stack of our own; only the
//! arguments of functions recurse, and those are counted.

use std::{cmp::Ordering, rc::Rc};

use super::{
    Limit, Machine, codes as c,
    event::{self, Act},
    info::{self, NO_SYMBOL},
    state,
    value::{self, Area, DIV0, Grid, NAME, Pos, REF, Res, Val},
};
use crate::xlm::{
    functions,
    model::{Binary, Expr, ExprId, SheetKind, Unary},
    text::parse_formula,
};

/// Functions inside functions.
pub(super) const DEPTH_MAX: usize = 96;
/// Elements of an array or range that functions look at.
const ELEMENTS_MAX: u64 = 4_096;

/// A call: its node and how many arguments it has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) id: ExprId,
    pub(super) n: usize,
}

/// What is left to do of an operator.
enum Task {
    Visit(ExprId),
    Unary(Unary),
    Binary(Binary),
    Join(usize),
}

/// A node without its children.
enum Node {
    Leaf(Val),
    Name(u32),
    Array,
    Unary(Unary, ExprId),
    Binary(Binary, ExprId, ExprId),
    Call(u16, usize),
    User(ExprId, usize),
    Unknown(Rc<str>, usize),
}

impl Machine<'_> {
    fn node(&self, id: ExprId) -> Node {
        match self.book.expr(id) {
            Expr::Number(n) => Node::Leaf(Val::Num(*n)),
            Expr::Text(t) => Node::Leaf(Val::Text(t.clone())),
            Expr::Bool(b) => Node::Leaf(Val::Bool(*b)),
            Expr::Error(e) => Node::Leaf(Val::Err(*e)),
            Expr::Missing => Node::Leaf(Val::Missing),
            Expr::Range(range) => {
                let sheet = range.sheet.map_or(self.here.sheet, |s| s as u32);
                Node::Leaf(Val::Ref(Area { sheet, from: range.from, to: range.to }))
            }
            Expr::Name(_) | Expr::NamedText(_) => Node::Name(self.info(id).symbol),
            Expr::Array { .. } => Node::Array,
            Expr::Unary(op, a) => Node::Unary(*op, *a),
            Expr::Binary(op, a, b) => Node::Binary(*op, *a, *b),
            Expr::Call { function, args } => Node::Call(*function, args.len()),
            Expr::User { target, args } => Node::User(*target, args.len()),
            Expr::Unknown { name, args } => Node::Unknown(name.clone(), args.len()),
        }
    }

    /// The value of a formula; references stay references.
    pub(super) fn eval(&mut self, id: ExprId) -> Val {
        match self.node(id) {
            Node::Unary(..) | Node::Binary(..) => self.operators(id),
            node => self.operand(id, node),
        }
    }

    fn operators(&mut self, id: ExprId) -> Val {
        let mut tasks = vec![Task::Visit(id)];
        let mut values: Vec<Val> = Vec::new();
        while let Some(task) = tasks.pop() {
            match task {
                Task::Visit(id) => match self.node(id) {
                    Node::Unary(op, a) => tasks.extend([Task::Unary(op), Task::Visit(a)]),
                    Node::Binary(Binary::Concat, ..) => self.joined(id, &mut tasks),
                    Node::Binary(op, a, b) => {
                        tasks.extend([Task::Binary(op), Task::Visit(b), Task::Visit(a)]);
                    }
                    node => {
                        let value = self.operand(id, node);
                        values.push(value);
                    }
                },
                Task::Unary(op) => {
                    let value = values.pop().unwrap_or_default();
                    let value = self.unary(op, value);
                    values.push(value);
                }
                Task::Binary(op) => {
                    let (b, a) = (values.pop().unwrap_or_default(), values.pop().unwrap_or_default());
                    let value = self.binary(op, a, b);
                    values.push(value);
                }
                Task::Join(count) => {
                    let parts = values.split_off(values.len().saturating_sub(count));
                    let value = self.join(parts);
                    values.push(value);
                }
            }
            if !self.spend(1) {
                return Val::Unknown(None);
            }
        }
        values.pop().unwrap_or_default()
    }

    /// All operands of a chain of `&`, to be joined at once.
    fn joined(&self, id: ExprId, tasks: &mut Vec<Task>) {
        let (mut id, mut count) = (id, 1);
        let place = tasks.len();
        tasks.push(Task::Join(0));
        while let Expr::Binary(Binary::Concat, a, b) = self.book.expr(id) {
            // Children come before their parents; anything else is a damaged tree.
            if a.0 >= id.0 {
                break;
            }
            tasks.push(Task::Visit(*b));
            count += 1;
            id = *a;
        }
        tasks.push(Task::Visit(id));
        if let Some(task) = tasks.get_mut(place) {
            *task = Task::Join(count);
        }
    }

    fn operand(&mut self, id: ExprId, node: Node) -> Val {
        match node {
            Node::Leaf(value) => value,
            Node::Name(symbol) => self.name_value(symbol),
            _ if !self.spend(1) => Val::Unknown(None),
            _ if self.depth >= DEPTH_MAX => {
                self.limit(Limit::Depth);
                Val::Unknown(None)
            }
            node => {
                self.depth += 1;
                let value = match node {
                    Node::Array => self.array(id),
                    Node::Call(function, n) => self.function(function, Call { id, n }),
                    Node::User(target, n) => self.user(target, Call { id, n }),
                    Node::Unknown(name, n) => self.by_name(&name, Call { id, n }),
                    _ => self.operators(id),
                };
                self.depth -= 1;
                value
            }
        }
    }

    fn array(&mut self, id: ExprId) -> Val {
        let Expr::Array { columns, items } = self.book.expr(id) else { return Val::Err(REF) };
        let (columns, items) = (*columns, items.clone());
        let items = items.into_iter().map(|item| self.eval(item)).collect();
        Val::Array(Rc::new(Grid { columns: columns.max(1), items }))
    }

    fn unary(&mut self, op: Unary, value: Val) -> Val {
        let value = self.scalar(value);
        if matches!(op, Unary::Plus) {
            return value;
        }
        match value.number() {
            Ok(n) => Val::from(if matches!(op, Unary::Minus) { -n } else { n / 100.0 }),
            Err(v) => v,
        }
    }

    fn binary(&mut self, op: Binary, a: Val, b: Val) -> Val {
        if matches!(op, Binary::Span | Binary::Union | Binary::Intersect) {
            return span(op, &a, &b);
        }
        let (a, b) = (self.scalar(a), self.scalar(b));
        match op {
            Binary::Concat => self.join(vec![a, b]),
            _ if a.is_unknown() || b.is_unknown() => Val::Unknown(None),
            Binary::Add | Binary::Sub | Binary::Mul | Binary::Div | Binary::Power => {
                arithmetic(op, &a, &b).unwrap_or_else(|v| v)
            }
            _ => compared(op, &a, &b),
        }
    }

    /// Joins texts; what is not known becomes `?` in a result that is not known either.
    pub(super) fn join(&mut self, parts: Vec<Val>) -> Val {
        let mut out = String::new();
        let mut known = true;
        let mut error = None;
        for part in parts {
            match self.scalar(part) {
                Val::Err(code) => error = error.or(Some(code)),
                Val::Text(t) => out.push_str(&t),
                Val::Unknown(part) => {
                    known = false;
                    out.push_str(part.as_deref().unwrap_or("?"));
                }
                other => out.push_str(&other.to_text().unwrap_or_else(|_| "?".into())),
            }
            if out.len() > value::TEXT_MAX {
                self.limit(Limit::Text);
                break;
            }
        }
        if !self.spend_text(out.len()) {
            return Val::Unknown(None);
        }
        match (error, known) {
            (Some(code), true) => Val::Err(code),
            (_, false) => Val::Unknown(Some(value::cut(&out).into())),
            (None, true) => self.text(out),
        }
    }

    /// The function of a number.
    pub(super) fn function(&mut self, code: u16, call: Call) -> Val {
        let result = None
            .or_else(|| self.text_function(code, call))
            .or_else(|| self.number_function(code, call))
            .or_else(|| self.logic_function(code, call))
            .or_else(|| self.effect_function(code, call))
            .or_else(|| self.flow_function(code, call))
            .or_else(|| self.lookup_function(code, call))
            .or_else(|| self.environment_function(code, call))
            .or_else(|| self.file_function(code, call))
            .or_else(|| self.library_function(code, call));
        match result {
            Some(result) => result.unwrap_or_else(|v| v),
            None => self.unknown_function(&functions::name(code), code, call),
        }
    }

    /// A function that the table does not know: a later one, a registered one, a macro of the workbook.
    fn by_name(&mut self, name: &str, call: Call) -> Val {
        let info = self.info(call.id);
        if info.code != 0 {
            return self.function(info.code, call);
        }
        if info.symbol != NO_SYMBOL
            && let Some(value) = self.call_symbol(info.symbol, call)
        {
            return value;
        }
        self.unknown_function(name, 0, call)
    }

    /// Commands change what is seen and say `TRUE`; functions give something unknown. Arguments have their effects.
    fn unknown_function(&mut self, name: &str, code: u16, call: Call) -> Val {
        let mut shown = Vec::new();
        for i in 0..call.n {
            let value = self.scalar_arg(call, i);
            shown.push(value.shown());
        }
        if code >= functions::COMMAND {
            return Val::Bool(true);
        }
        self.unknown_parts = self.unknown_parts.saturating_add(1);
        let mut args = vec![Rc::from(name)];
        args.extend(shown);
        self.log(Act::Unknown, args);
        Val::Unknown(None)
    }

    /// The node of an argument.
    pub(super) fn arg_id(&self, call: Call, index: usize) -> Option<ExprId> {
        match self.book.expr(call.id) {
            Expr::Call { args, .. } | Expr::User { args, .. } | Expr::Unknown { args, .. } => {
                args.get(index).copied().filter(|a| a.0 < call.id.0)
            }
            _ => None,
        }
    }

    /// An argument as it is: a reference stays one.
    pub(super) fn arg(&mut self, call: Call, index: usize) -> Val {
        self.arg_id(call, index).map_or(Val::Missing, |id| self.eval(id))
    }

    /// An argument as one value.
    pub(super) fn scalar_arg(&mut self, call: Call, index: usize) -> Val {
        let value = self.arg(call, index);
        self.scalar(value)
    }

    pub(super) fn number_arg(&mut self, call: Call, index: usize) -> Result<f64, Val> {
        self.scalar_arg(call, index).number()
    }

    /// A number, or something else where the argument was left out.
    pub(super) fn number_or(&mut self, call: Call, index: usize, default: f64) -> Result<f64, Val> {
        match self.scalar_arg(call, index) {
            Val::Missing => Ok(default),
            value => value.number(),
        }
    }

    pub(super) fn text_arg(&mut self, call: Call, index: usize) -> Result<Rc<str>, Val> {
        self.scalar_arg(call, index).to_text()
    }

    pub(super) fn area_arg(&mut self, call: Call, index: usize) -> Option<Area> {
        match self.arg(call, index) {
            Val::Ref(area) => Some(area),
            Val::Text(text) => self.position(Val::Text(text)).map(Pos::area),
            _ => None,
        }
    }

    /// One value of what may be a reference or an array.
    pub(super) fn scalar(&mut self, value: Val) -> Val {
        match value {
            Val::Ref(area) => {
                let mut pos = area.first();
                // A column or row is cut at the cell that asks, as Excel does.
                if area.sheet == self.here.sheet && area.cells() > 1 {
                    if area.columns() == 1 && (area.from.0..=area.to.0).contains(&self.here.row) {
                        pos.row = self.here.row;
                    } else if area.rows() == 1 && (area.from.1..=area.to.1).contains(&self.here.column) {
                        pos.column = self.here.column;
                    }
                }
                self.read(pos)
            }
            Val::Array(grid) => grid.items.first().cloned().unwrap_or_default(),
            other => other,
        }
    }

    /// The value of a cell.
    pub(super) fn read(&mut self, pos: Pos) -> Val {
        if !self.keys.is_empty()
            && let Some(key) = self.keys.get(&pos)
        {
            self.taint |= event::KEY;
            return Val::Num(*key);
        }
        if let Some(slot) = self.state.slot(pos) {
            self.taint |= slot.taint;
            // A formula that the macro wrote and that did not run yet still shows its result.
            match (&slot.value, slot.formula) {
                (Val::Blank, Some(formula)) => return self.calculate(pos, formula),
                (value, _) => return value.clone(),
            }
        }
        let Some(cell) = state::stored(pos, self.book) else { return Val::Blank };
        let value = Val::stored(&cell.value);
        match (cell.formula, &value) {
            (Some(formula), Val::Blank) => self.calculate(pos, formula),
            _ => value,
        }
    }

    /// What a formula that was never run gives, if it changes nothing.
    fn calculate(&mut self, pos: Pos, formula: ExprId) -> Val {
        let code = self.book.sheets.get(pos.sheet as usize).is_some_and(|s| s.kind == SheetKind::Macro);
        if self.info(formula).flags & info::EFFECT != 0 || self.depth >= DEPTH_MAX || !self.spend(1) {
            return if code { Val::Blank } else { Val::Unknown(None) };
        }
        let before = std::mem::replace(&mut self.here, pos);
        self.depth += 1;
        let value = self.eval(formula);
        let value = self.scalar(value);
        self.depth -= 1;
        self.here = before;
        value
    }

    /// The value of a name.
    pub(super) fn name_value(&mut self, symbol: u32) -> Val {
        if let Some((value, taint)) = self.state.name(symbol) {
            self.taint |= taint;
            return value.clone();
        }
        let Some(label) = self.symbols.names.get(symbol as usize).cloned() else { return Val::Err(NAME) };
        let sheet = self.here.sheet as usize;
        let same = |n: &&crate::xlm::model::Name| {
            n.label.eq_ignore_ascii_case(&label) || n.label.to_lowercase() == *label
        };
        let local = self.book.names.iter().rfind(|n| n.sheet == Some(sheet) && same(n));
        let found = local.or_else(|| self.book.names.iter().rfind(same));
        let (Some(formula), home) = (match found {
            Some(name) => (name.formula, name.sheet),
            None => (None, None),
        }) else {
            return Val::Err(NAME);
        };
        if self.depth >= DEPTH_MAX || !self.spend(1) {
            return Val::Unknown(None);
        }
        let before = self.here;
        if let Some(home) = home {
            self.here.sheet = home as u32;
        }
        self.depth += 1;
        let value = self.eval(formula);
        self.depth -= 1;
        self.here = before;
        value
    }

    /// The values of an argument, one by one, as sums and counts see them.
    pub(super) fn values(&mut self, value: Val, out: &mut Vec<Val>) {
        match value {
            Val::Ref(area) => {
                for pos in self.cells_of(area) {
                    if !self.spend(1) {
                        return;
                    }
                    let value = self.read(pos);
                    out.push(value);
                }
            }
            Val::Array(grid) => out.extend(grid.items.iter().cloned()),
            other => out.push(other),
        }
    }

    /// The cells of an area that may hold something.
    pub(super) fn cells_of(&self, area: Area) -> Vec<Pos> {
        let Area { sheet, from, to } = area;
        if area.cells() <= ELEMENTS_MAX {
            let column = |row| (from.1..=to.1).map(move |column| Pos { sheet, row, column });
            return (from.0..=to.0).flat_map(column).collect();
        }
        let mut out = self.state.changed_in(area);
        if let Some(stored) = self.book.sheets.get(sheet as usize) {
            let inside = stored.cells.range((from.0, 0)..=(to.0, u32::MAX));
            let inside = inside.filter(|((_, column), _)| (from.1..=to.1).contains(column));
            out.extend(inside.take(ELEMENTS_MAX as usize).map(|(at, _)| Pos::new(sheet, *at)));
        }
        out.sort_unstable();
        out.dedup();
        out
    }

    /// A text as a formula at a cell, parsed once; as macros write them, in R1C1 notation where that can be.
    pub(super) fn parse(&mut self, text: &str, at: Pos) -> Option<ExprId> {
        self.parse_in(text, at, true)
    }

    /// See [`Machine::parse`]; `r1c1` says which notation comes first.
    pub(super) fn parse_in(&mut self, text: &str, at: Pos, r1c1: bool) -> Option<ExprId> {
        let key = (at, r1c1, Rc::from(text));
        if let Some(known) = self.parsed.get(&key) {
            return *known;
        }
        if !self.spend(1 + text.len() as u64 / 16) {
            return None;
        }
        let parsed = parse_formula(text, (at.sheet as usize, at.row, at.column), r1c1, self.book);
        info::extend(&mut self.infos, &mut self.symbols, self.book);
        self.parsed.insert(key, parsed);
        parsed
    }
}

fn arithmetic(op: Binary, a: &Val, b: &Val) -> Res {
    let (x, y) = (a.number()?, b.number()?);
    Ok(match op {
        Binary::Add => Val::from(x + y),
        Binary::Sub => Val::from(x - y),
        Binary::Mul => Val::from(x * y),
        Binary::Div if y == 0.0 => Val::Err(DIV0),
        Binary::Div => Val::from(x / y),
        _ => Val::from(x.powf(y)),
    })
}

fn compared(op: Binary, a: &Val, b: &Val) -> Val {
    if let Some(Val::Err(e)) = [a, b].into_iter().find(|v| matches!(v, Val::Err(_))) {
        return Val::Err(*e);
    }
    let Some(order) = value::compare(a, b) else { return Val::Bool(false) };
    Val::Bool(match op {
        Binary::Less => order == Ordering::Less,
        Binary::LessEqual => order != Ordering::Greater,
        Binary::Equal => order == Ordering::Equal,
        Binary::GreaterEqual => order != Ordering::Less,
        Binary::Greater => order == Ordering::Greater,
        _ => order != Ordering::Equal,
    })
}

fn span(op: Binary, a: &Val, b: &Val) -> Val {
    let (Val::Ref(a), Val::Ref(b)) = (a, b) else { return Val::Err(REF) };
    let (low, high) = match op {
        Binary::Span => {
            ((a.from.0.min(b.from.0), a.from.1.min(b.from.1)), (a.to.0.max(b.to.0), a.to.1.max(b.to.1)))
        }
        Binary::Intersect => {
            ((a.from.0.max(b.from.0), a.from.1.max(b.from.1)), (a.to.0.min(b.to.0), a.to.1.min(b.to.1)))
        }
        _ => (a.from, a.to),
    };
    if low.0 > high.0 || low.1 > high.1 {
        return Val::Err(0);
    }
    Val::Ref(Area { sheet: a.sheet, from: low, to: high })
}

/// Names of functions by their numbers, where only the number is at hand.
pub(super) fn is_no_op(code: u16) -> bool {
    matches!(code, c::ECHO | c::STEP | c::VOLATILE | c::CANCEL_KEY | c::WAIT | c::RESULT | c::PAUSE)
}
