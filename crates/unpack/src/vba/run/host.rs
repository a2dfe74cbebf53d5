//! The object model of the host, as far as code reads or writes something telling in it: paths of names.

use std::rc::Rc;

use super::{
    expr::{Given, given},
    *,
};
use crate::vba::value::{CELL, Object, char_of};

/// Bytes of a path.
const PATH_MAX: usize = 400;
/// Arguments that a path keeps.
const PATH_ARGS: usize = 2;

/// `name(args)`.
pub(super) fn with_args(name: &str, args: &[Given]) -> String {
    let mut out = name.to_owned();
    if let Some(first) = args.first() {
        out.push('(');
        out.push_str(&key(&first.value));
        for other in args.iter().skip(1).take(PATH_ARGS - 1) {
            out.push(',');
            out.push_str(&key(&other.value));
        }
        out.push(')');
    }
    out
}

fn key(value: &Val) -> String {
    let text = value.to_text();
    text.text
        .chars()
        .filter(|c| !matches!(c, ' ' | '"' | '(' | ')'))
        .take(64)
        .flat_map(char::to_lowercase)
        .collect()
}

/// Constants of the host, and what the evaluator knows of them.
pub(super) fn is_host_constant(word: &str) -> bool {
    ["vb", "wd", "xl", "mso", "pp", "ad", "ol", "ac"]
        .iter()
        .any(|p| word.strip_prefix(p).is_some_and(|rest| rest.len() > 3))
}

fn constant(word: &str) -> Option<Val> {
    let made = |code: i64| {
        let mut text = String::new();
        text.extend(char_of(code));
        Val::text(text)
    };
    Some(match word {
        "vbcr" => made(13),
        "vblf" => made(10),
        "vbcrlf" | "vbnewline" => Val::text("\r\n"),
        "vbtab" => made(9),
        "vbnullchar" => made(0),
        "vbnullstring" => Val::text(""),
        "vbback" => made(8),
        "vbhide" | "vbbinarycompare" | "vbfalse" => Val::number(0.0),
        "vbtrue" => Val::number(-1.0),
        "vbnormalfocus" | "vbtextcompare" | "vbmethod" | "vbuppercase" | "adtypebinary" => Val::number(1.0),
        "vbminimizedfocus" | "vblowercase" | "adtypetext" | "adsavecreateoverwrite" | "vbget" => {
            Val::number(2.0)
        }
        "vbmaximizedfocus" | "vbpropercase" | "xlexcel4macrosheet" => Val::number(3.0),
        "vblet" | "xlexcel4intlmacrosheet" => Val::number(4.0),
        "vbminimizednofocus" => Val::number(6.0),
        "vbunicode" => Val::number(64.0),
        "vbfromunicode" => Val::number(128.0),
        "vbwhite" => Val::number(16_777_215.0),
        "vbblack" | "vbdirectory" | "msoautomationsecurity" => Val::number(0.0),
        "msoautomationsecuritylow" => Val::number(1.0),
        "msoautomationsecuritybyui" => Val::number(2.0),
        "msoautomationsecurityforcedisable" => Val::number(3.0),
        "xlsheetveryhidden" => Val::number(2.0),
        "xlsheethidden" => Val::number(0.0),
        "xlsheetvisible" => Val::number(-1.0),
        "true" => Val::Bool(true),
        "false" => Val::Bool(false),
        _ => return None,
    })
}

impl Machine<'_> {
    /// A name that is neither variable nor function: the root of the object model, or a constant.
    pub(super) fn root(&mut self, word: &str, args: Option<&[Given]>) -> Option<Val> {
        if let Some(value) = self.sheet_member(None, word, args) {
            return Some(value);
        }
        match word {
            "application" | "activedocument" | "thisdocument" | "thisworkbook" | "activeworkbook" | "me"
            | "workbooks" | "documents" | "activepresentation" | "vba" | "strings" | "interaction"
            | "conversion" | "worksheetfunction" | "err" | "debug" | "wscript" | "filesystem"
            | "information" | "math" | "vbproject" | "userforms" => {
                let path = with_args(word, args.unwrap_or_default());
                Some(if path == "wscript" { self.com("wscript") } else { Val::host(&path) })
            }
            "run" | "ontime" => self.host_call("application", word, args.unwrap_or_default()),
            _ => constant(word),
        }
    }

    /// `[A1]`.
    pub(super) fn bracket(&mut self, text: &str) -> Val {
        self.range_of(None, text).unwrap_or_else(|| Val::host(&text.to_lowercase()))
    }

    /// What the document holds at a path.
    pub(super) fn around_at(&mut self, path: &str) -> Option<Val> {
        if self.around.is_empty() {
            return None;
        }
        let (name, text) = self.around.at(path).cloned()?;
        self.read(&name, &text);
        Some(Val::Text(text))
    }

    /// An object gives what it holds.
    pub(super) fn settle(&mut self, value: Val) -> Val {
        match &value {
            Val::Object(Object::Host(path)) => {
                if let Some(kept) = self.kept.get(path) {
                    return kept.clone();
                }
                let path = path.clone();
                self.around_at(&path).unwrap_or(value)
            }
            Val::Object(Object::Range(sheet, from, _)) => self.cell(*sheet, *from, CELL),
            Val::Object(Object::Com(com)) => {
                let state = com.state.borrow();
                state.values.get("text").or(state.values.get("value")).cloned().unwrap_or_default()
            }
            _ => value,
        }
    }

    /// A member of whatever a value is.
    pub(super) fn member(&mut self, object: &Val, member: &str, args: Option<&[Given]>) -> Val {
        if !self.tick(1) {
            return Val::Unknown;
        }
        match object {
            Val::Object(Object::Com(com)) => {
                self.method(&com.clone(), member, args.unwrap_or_default(), args.is_some())
            }
            Val::Object(Object::Host(path)) => self.host_member(&path.clone(), member, args),
            Val::Object(Object::Nothing) => Val::Unknown,
            Val::Object(Object::Sheets { .. } | Object::Sheet(_) | Object::Range(..)) => {
                let value = self.sheet_member(Some(object), member, args);
                value.unwrap_or_else(|| Val::host(&with_args(member, args.unwrap_or_default())))
            }
            _ => self.guess(member, args.unwrap_or_default()),
        }
    }

    fn host_member(&mut self, path: &str, member: &str, args: Option<&[Given]>) -> Val {
        let given = args.unwrap_or_default();
        let module = self.modules.iter().any(|m| m.eq_ignore_ascii_case(path)) || path == "me";
        if module && let Some(value) = self.module_member(member, given) {
            return value;
        }
        if matches!(
            path,
            "vba" | "strings" | "interaction" | "conversion" | "filesystem" | "information" | "math"
        ) || path.starts_with("vba.")
        {
            return self.function(member, given).unwrap_or_else(|| Val::host(&format!("{path}.{member}")));
        }
        if hosts_sheets(path)
            && let Some(value) = self.sheet_member(None, member, args)
        {
            return value;
        }
        if let Some(value) = self.host_call(path, member, given) {
            return value;
        }
        if path.len() > PATH_MAX {
            return Val::Unknown;
        }
        let inner = with_args(member, given);
        Val::host(&format!("{path}.{inner}"))
    }

    /// `Module1.Decode("…")`, `Me.Start`.
    fn module_member(&mut self, member: &str, args: &[Given]) -> Option<Val> {
        let values = args.iter().map(|a| a.value.clone()).collect();
        let name = self.program.names.find(member)?;
        if !self.procs.contains_key(&name) {
            return self.variable(name);
        }
        self.call_named(member, values)
    }

    /// Methods of the host that matter.
    fn host_call(&mut self, path: &str, member: &str, args: &[Given]) -> Option<Val> {
        let first = |machine: &mut Self| {
            let value = args.first().map(|a| a.value.clone()).unwrap_or_default();
            machine.settle(value)
        };
        match member {
            "executeexcel4macro" => {
                let text = first(self).to_text();
                self.excel4(&text);
            }
            "run" if !path.contains("shell") => {
                let value = args.first().map(|a| a.value.clone()).unwrap_or_default();
                let rest = args.iter().skip(1).map(|a| a.value.clone()).collect();
                return Some(self.run_macro(&value, rest));
            }
            "ontime" => {
                let name = given(args, if path == "application" { 1 } else { 2 }, "procedure");
                let name = if matches!(name, Val::Missing) { given(args, 1, "name") } else { name };
                let name = self.settle(name).to_text();
                self.call_named(&name.text, Vec::new());
            }
            "registerxll" => {
                let text = first(self).to_text();
                self.event(Act::Exec, &text, None, "RegisterXLL");
            }
            "followhyperlink" => {
                let target = given(args, 0, "address");
                let target = self.settle(target).to_text();
                self.note_text(&target);
                self.event(Act::Follow, &target, None, "FollowHyperlink");
            }
            "show" | "load" => self.show(path),
            "saveas" | "saveas2" | "savecopyas" => {
                let text = given(args, 0, "filename");
                let text = self.settle(text).to_text();
                self.event(Act::Write, &text, None, "SaveAs");
            }
            "addfromstring" | "insertlines" => {
                let text = args.last().map(|a| a.value.clone()).unwrap_or_default();
                let text = self.settle(text).to_text();
                self.event(Act::Script, &text, None, "VBProject");
            }
            "add" if path.ends_with("names") => self.add_name(args),
            "navigate" | "navigate2" => {
                let text = first(self).to_text();
                self.event(Act::Browse, &text, None, "Navigate");
            }
            "shellexecute" | "create" if path.contains("shell") || path.contains("win32_process") => {
                return Some(self.guess(member, args));
            }
            "item" if args.len() == 1 => return Some(Val::host(&with_args(path, args))),
            _ => {
                for arg in args {
                    self.note(&arg.value);
                }
                return None;
            }
        }
        Some(Val::Unknown)
    }

    /// A form that is shown runs its own procedures.
    fn show(&mut self, path: &str) {
        let form = path.rsplit('.').next().unwrap_or(path);
        let Some(module) = self.modules.iter().position(|m| m.eq_ignore_ascii_case(form)) else { return };
        for name in ["userform_initialize", "userform_activate", "userform_layout", "userform_resize"] {
            let Some(sym) = self.program.names.find(name) else { continue };
            let here = |i: &&usize| self.program.procs.get(**i).is_some_and(|p| p.module == module);
            let index = self.procs.get(&sym).and_then(|p| p.iter().find(here)).copied();
            if let Some(index) = index {
                self.call(index, Vec::new());
            }
        }
    }

    /// Assigns to a member.
    pub(super) fn set_member(&mut self, object: &Val, member: &str, value: Val) {
        match object {
            Val::Object(Object::Com(com)) => self.set_property(&com.clone(), member, value),
            Val::Object(Object::Host(path)) => {
                let path = format!("{path}.{member}");
                self.security(&path, &value);
                if matches!(member, "arguments" | "path" | "commandline") && path.starts_with("schedule") {
                    self.execute(&value.to_text(), "Schedule.Service");
                }
                self.note(&value);
                if path.len() <= PATH_MAX && matches!(value, Val::Text(_) | Val::Number(..) | Val::Bool(_)) {
                    self.kept.insert(Rc::from(path), value);
                }
            }
            Val::Object(Object::Sheets { .. } | Object::Sheet(_) | Object::Range(..)) => {
                self.set_sheet_member(object, member, value);
            }
            _ => self.note(&value),
        }
    }

    /// Assigns to what an object holds.
    pub(super) fn set_default(&mut self, object: &Val, value: Val) {
        match object {
            Val::Object(Object::Range(..)) => self.set_sheet_member(object, "value", value),
            Val::Object(Object::Com(com)) => self.set_property(&com.clone(), "value", value),
            Val::Object(Object::Host(path)) => {
                self.note(&value);
                if matches!(value, Val::Text(_) | Val::Number(..)) {
                    self.kept.insert(path.clone(), value);
                }
            }
            _ => self.note(&value),
        }
    }

    /// `x(…)` where `x` is a value.
    pub(super) fn indexed(&mut self, value: &Val, args: &[Given]) -> Val {
        match value {
            Val::Array(items) => {
                let mut at = Vec::with_capacity(args.len());
                for arg in args {
                    match self.settle(arg.value.clone()).to_int() {
                        Some(index) => at.push(index),
                        None => return Val::Unknown,
                    }
                }
                items.get(&at)
            }
            // Bytes are a text here.
            Val::Text(text) if !text.partial && args.len() == 1 => {
                let index = args.first().and_then(|a| a.value.to_int()).and_then(|i| usize::try_from(i).ok());
                let c = index.and_then(|i| text.text.chars().nth(i)).and_then(crate::vba::value::code_of);
                c.map_or(Val::Unknown, |b| Val::Number(f64::from(b), text.how))
            }
            Val::Object(Object::Com(com)) => self.method(&com.clone(), "item", args, true),
            Val::Object(Object::Host(path)) if path.len() <= PATH_MAX => Val::host(&with_args(path, args)),
            Val::Object(Object::Sheets { .. }) => {
                self.sheet_member(Some(value), "item", Some(args)).unwrap_or_default()
            }
            Val::Object(Object::Range(..)) => {
                self.sheet_member(Some(value), "cells", Some(args)).unwrap_or_default()
            }
            _ => Val::Unknown,
        }
    }
}

/// Objects whose sheets are the workbook's.
fn hosts_sheets(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or(path);
    matches!(last, "application" | "thisworkbook" | "activeworkbook" | "me" | "parent")
        || last.starts_with("workbooks(")
        || last.starts_with("workbooks")
}
