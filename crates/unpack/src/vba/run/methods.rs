//! Objects that code makes (`CreateObject`): shells, requests, streams, XML nodes, dictionaries.

use std::{cell::RefCell, rc::Rc};

use super::{
    expr::{Given, given},
    *,
};
use crate::vba::{
    keys,
    value::{Com, Object, State},
};

/// Items of a dictionary or collection.
const ENTRIES_MAX: usize = 16_384;

/// Classes by their numbers.
const CLASSES: [(&str, &str); 10] = [
    ("72c24dd5-d70a-438b-8a42-98424b88afb8", "wscript.shell"),
    ("f935dc22-1cf0-11d0-adb9-00c04fd58a0b", "wscript.shell"),
    ("13709620-c279-11ce-a49e-444553540000", "shell.application"),
    ("9ba05972-f6a8-11cf-a442-00a0c90a8f39", "shell.windows"),
    ("c08afd90-f2a1-11d1-8455-00a0c91f3880", "shell.browser"),
    ("88d96a0a-f192-11d4-a65f-0040963251e5", "msxml2.xmlhttp"),
    ("f6d90f16-9c73-11d3-b32e-00c04f990bb4", "msxml2.xmlhttp"),
    ("2087c2f4-2cef-4953-a8ab-66779b670495", "winhttp.winhttprequest"),
    ("00000566-0000-0010-8000-00aa006d2ea4", "adodb.stream"),
    ("0d43fe01-f093-11cf-8940-00a0c9054228", "scripting.filesystemobject"),
];

impl Machine<'_> {
    /// An object of a class.
    pub(super) fn com(&mut self, class: &str) -> Val {
        let com = Com { class: Rc::from(class), state: RefCell::new(State::default()) };
        Val::Object(Object::Com(Rc::new(com)))
    }

    /// `CreateObject`, `GetObject`.
    pub(super) fn create(&mut self, name: &Val, second: Option<&Val>) -> Val {
        let mut text = name.to_text();
        if text.text.is_empty()
            && let Some(class) = second
        {
            text = class.to_text();
        }
        self.event(Act::Object, &text, None, "CreateObject");
        let lower = text.text.trim().to_lowercase();
        if lower.starts_with("winmgmts:") {
            let process = lower.contains("win32_process") && !lower.contains("win32_processstartup");
            return self.com(if process { "win32_process" } else { "winmgmts" });
        }
        if let Some(id) = lower.strip_prefix("new:") {
            let id = id.trim_matches(['{', '}']);
            let class = CLASSES.iter().find(|(known, _)| *known == id).map_or(id, |(_, class)| class);
            return self.com(class);
        }
        if lower.is_empty() || text.partial {
            return Val::Unknown;
        }
        match lower.as_str() {
            "excel.application" | "word.application" | "powerpoint.application" => Val::host("application"),
            _ => self.com(&lower),
        }
    }

    /// What `As New …` or `New …` makes.
    pub(super) fn class(&mut self, name: &str) -> Option<Val> {
        let class = match name {
            "wshshell" | "iwshshell" | "wshshellclass" => "wscript.shell",
            "shell" | "shell32" => "shell.application",
            "xmlhttp" | "xmlhttp30" | "xmlhttp60" | "serverxmlhttp" | "serverxmlhttp60" => "msxml2.xmlhttp",
            "winhttprequest" => "winhttp.winhttprequest",
            "filesystemobject" => "scripting.filesystemobject",
            "stream" => "adodb.stream",
            "dictionary" => "scripting.dictionary",
            "collection" => "collection",
            "domdocument" | "domdocument60" | "domdocument30" | "domdocument40" => "msxml2.domdocument",
            "internetexplorer" => "internetexplorer.application",
            _ => return None,
        };
        Some(self.com(class))
    }

    fn arg(&mut self, args: &[Given], at: usize, name: &str) -> Rc<Text> {
        let value = given(args, at, name);
        self.settle(value).to_text()
    }

    /// A member of an object that code made.
    pub(super) fn method(&mut self, com: &Rc<Com>, member: &str, args: &[Given], called: bool) -> Val {
        let class = &*com.class;
        if class.starts_with("wscript") || class.starts_with("shell.") {
            return self.shell(com, member, args);
        }
        if class.contains("xmlhttp") || class.contains("winhttp") {
            return self.request(com, member, args);
        }
        if class.contains("dictionary") || class == "collection" {
            return self.dictionary(com, member, args);
        }
        match class {
            "adodb.stream" => self.stream(com, member, args),
            "scripting.filesystemobject" => self.file_system(member, args),
            "textstream" => self.text_stream(com, member, args),
            "win32_process" | "winmgmts" => self.wmi(com, member, args),
            _ => match member {
                "createelement" | "createnode" => self.com("xmlnode"),
                "documentelement" | "selectsinglenode" => Val::Object(Object::Com(com.clone())),
                "nodetypedvalue" => self.node_value(com),
                "navigate" | "navigate2" => {
                    let url = self.arg(args, 0, "url");
                    self.event(Act::Browse, &url, None, "Navigate");
                    Val::Unknown
                }
                "addcode" | "executestatement" | "eval" => {
                    let code = self.arg(args, 0, "code");
                    self.event(Act::Script, &code, None, "ScriptControl");
                    Val::Unknown
                }
                _ if !called && com.state.borrow().values.contains_key(member) => {
                    com.state.borrow().values.get(member).cloned().unwrap_or_default()
                }
                _ if class.starts_with("schedule") => Val::host(&format!("schedule.{member}")),
                "run" | "exec" | "shellexecute" | "create" | "open" | "savetofile" => {
                    self.guess(member, args)
                }
                _ => {
                    for arg in args {
                        self.note(&arg.value);
                    }
                    Val::Unknown
                }
            },
        }
    }

    fn shell(&mut self, com: &Rc<Com>, member: &str, args: &[Given]) -> Val {
        match member {
            "run" => {
                let command = self.arg(args, 0, "command");
                self.execute(&command, "WScript.Shell.Run");
            }
            "exec" => {
                let command = self.arg(args, 0, "command");
                self.execute(&command, "WScript.Shell.Exec");
            }
            "shellexecute" => {
                let (file, rest) = (self.arg(args, 0, "file"), self.arg(args, 1, "vargs"));
                self.shell_execute(&file, &rest, "ShellExecute");
            }
            "open" | "controlpanelitem" | "shellopen" => {
                let file = self.arg(args, 0, "vdir");
                self.execute(&file, "Shell.Open");
            }
            "regwrite" => {
                let (key, value) = (self.arg(args, 0, "name"), self.arg(args, 1, "value"));
                self.event(Act::Setting, &key, Some(value), "RegWrite");
            }
            "expandenvironmentstrings" => return Val::Text(self.arg(args, 0, "src")),
            "specialfolders" | "environment" => {
                let name = self.arg(args, 0, "name");
                return Val::made(format!("%{}%", name.text.to_uppercase()), 0);
            }
            "createobject" => {
                let name = given(args, 0, "progid");
                let name = self.settle(name);
                return self.create(&name, None);
            }
            "item" | "document" | "application" | "windows" | "parent" => {
                return Val::Object(Object::Com(com.clone()));
            }
            _ => {}
        }
        Val::Unknown
    }

    fn request(&mut self, com: &Rc<Com>, member: &str, args: &[Given]) -> Val {
        match member {
            "open" => {
                let url = self.arg(args, 1, "url");
                com.state.borrow_mut().values.insert(Rc::from("url"), Val::Text(url.clone()));
                self.event(Act::Request, &url, None, "XMLHTTP");
            }
            "send" | "setrequestheader" => {
                for arg in args {
                    let value = self.settle(arg.value.clone());
                    self.note(&value);
                }
            }
            "status" => return Val::number(200.0),
            "readystate" => return Val::number(4.0),
            _ => {}
        }
        Val::Unknown
    }

    fn stream(&mut self, com: &Rc<Com>, member: &str, args: &[Given]) -> Val {
        match member {
            "write" | "writetext" => {
                let text = self.arg(args, 0, "data");
                self.keep(com, &text, false);
            }
            "read" | "readtext" => {
                let content = com.state.borrow().content.clone();
                return content.map_or(Val::Unknown, |text| Val::Text(Rc::new(text)));
            }
            "savetofile" => {
                let path = self.arg(args, 0, "filename");
                let content = com.state.borrow().content.clone().map(Rc::new);
                self.event(Act::Write, &path, content, "SaveToFile");
            }
            "open" | "close" | "position" => {}
            _ => return com.state.borrow().values.get(member).cloned().unwrap_or_default(),
        }
        Val::Unknown
    }

    /// Adds to what a stream holds.
    fn keep(&mut self, com: &Rc<Com>, text: &Rc<Text>, line: bool) {
        if !self.book_bytes(text.text.len()) {
            return;
        }
        let mut state = com.state.borrow_mut();
        let content = state.content.get_or_insert_with(|| Text { ascii: true, ..Text::default() });
        content.append(text);
        if line {
            content.text.push_str("\r\n");
        }
    }

    fn file_system(&mut self, member: &str, args: &[Given]) -> Val {
        match member {
            "createtextfile" | "opentextfile" => {
                let path = self.arg(args, 0, "filename");
                let mode = given(args, 1, "iomode");
                if member == "createtextfile" || self.settle(mode).to_int().is_none_or(|m| m != 1) {
                    self.event(Act::Write, &path, None, "CreateTextFile");
                }
                let file = self.com("textstream");
                if let Val::Object(Object::Com(com)) = &file {
                    com.state.borrow_mut().values.insert(Rc::from("path"), Val::Text(path));
                }
                file
            }
            "copyfile" | "movefile" => {
                let (from, to) = (self.arg(args, 0, "source"), self.arg(args, 1, "destination"));
                self.note_text(&from);
                self.event(Act::Write, &to, None, "CopyFile");
                Val::Unknown
            }
            "buildpath" => {
                let (folder, name) = (self.arg(args, 0, "path"), self.arg(args, 1, "name"));
                let folder = self.joined(&Val::Text(folder), &Val::text("\\"));
                self.joined(&folder, &Val::Text(name))
            }
            "getspecialfolder" => {
                let kind = given(args, 0, "folder");
                match self.settle(kind).to_int() {
                    Some(0) => Val::text("%WINDIR%"),
                    Some(1) => Val::text("%WINDIR%\\System32"),
                    Some(2) => Val::text("%TEMP%"),
                    _ => Val::Unknown,
                }
            }
            _ => {
                for arg in args {
                    let value = self.settle(arg.value.clone());
                    self.note(&value);
                }
                Val::Unknown
            }
        }
    }

    fn text_stream(&mut self, com: &Rc<Com>, member: &str, args: &[Given]) -> Val {
        if matches!(member, "write" | "writeline") {
            let text = self.arg(args, 0, "text");
            self.keep(com, &text, member == "writeline");
        }
        if member == "close" {
            let state = com.state.borrow();
            let path = state.values.get("path").map(Val::to_text);
            let content = state.content.clone().map(Rc::new);
            drop(state);
            if let (Some(path), Some(content)) = (path, content) {
                self.event(Act::Write, &path, Some(content), "TextStream");
            }
        }
        Val::Unknown
    }

    fn wmi(&mut self, com: &Rc<Com>, member: &str, args: &[Given]) -> Val {
        match member {
            "get" | "instancesof" | "item" => {
                let name = self.arg(args, 0, "path").text.to_lowercase();
                self.com(if name == "win32_process" { "win32_process" } else { "winmgmts" })
            }
            "create" if &*com.class == "win32_process" || !args.is_empty() => {
                let command = self.arg(args, 0, "commandline");
                self.event(Act::Wmi, &command, None, "Win32_Process.Create");
                Val::Unknown
            }
            "spawninstance_" | "methods_" | "inparameters" => Val::Object(Object::Com(com.clone())),
            _ => {
                for arg in args {
                    self.note(&arg.value);
                }
                Val::Unknown
            }
        }
    }

    fn dictionary(&mut self, com: &Rc<Com>, member: &str, args: &[Given]) -> Val {
        let first = args.first().map(|a| a.value.clone()).unwrap_or_default();
        let first = self.settle(first);
        match member {
            "add" => {
                let listed = &*com.class == "collection";
                let (name, value) = (given(args, 1, "key"), given(args, 1, "item"));
                let (key, value) = if listed {
                    (matches!(name, Val::Text(_)).then(|| name.to_text()), first)
                } else {
                    (Some(first.to_text()), self.settle(value))
                };
                let mut state = com.state.borrow_mut();
                if plain(&value)
                    && self.out.gaps.room(state.items.len(), ENTRIES_MAX, "entries of a list in macros")
                {
                    state.items.push((key.map(|k| Rc::from(k.text.as_str())), value));
                }
                Val::Unknown
            }
            "count" => Val::number(com.state.borrow().items.len() as f64),
            "item" => {
                let state = com.state.borrow();
                self.steps = self.steps.saturating_sub(1 + (state.items.len() / 64) as u64);
                let index = (&*com.class == "collection").then(|| first.to_int()).flatten();
                if let Some(index) = index.and_then(|i| usize::try_from(i - 1).ok()) {
                    return state.items.get(index).map(|(_, v)| v.clone()).unwrap_or_default();
                }
                let key = first.to_text();
                let found = state.items.iter().rev().find(|(k, _)| k.as_deref() == Some(key.text.as_str()));
                found.map(|(_, v)| v.clone()).unwrap_or_default()
            }
            "exists" => {
                let key = first.to_text();
                let state = com.state.borrow();
                self.steps = self.steps.saturating_sub(1 + (state.items.len() / 64) as u64);
                Val::Bool(state.items.iter().any(|(k, _)| k.as_deref() == Some(key.text.as_str())))
            }
            "items" => {
                let items: Vec<Val> = com.state.borrow().items.iter().map(|(_, v)| v.clone()).collect();
                self.tick((items.len() / 8) as u64);
                self.array_of(items)
            }
            _ => Val::Unknown,
        }
    }

    fn node_value(&mut self, com: &Rc<Com>) -> Val {
        let state = com.state.borrow();
        let kind = state.values.get("datatype").map(Val::to_text).unwrap_or_default();
        let typed = state.values.get("nodetypedvalue").or(state.values.get("text")).cloned();
        drop(state);
        match typed {
            Some(Val::Text(text)) => self.decode(&text, &kind.text.to_lowercase()),
            Some(other) => other,
            None => Val::Unknown,
        }
    }

    /// Assigns to a member of an object that code made.
    pub(super) fn set_property(&mut self, com: &Rc<Com>, member: &str, value: Val) {
        let value = self.settle(value);
        self.note(&value);
        if com.class.starts_with("schedule") && matches!(member, "path" | "arguments") {
            self.execute(&value.to_text(), "Schedule.Service");
        }
        let value = match value {
            Val::Array(_) => Val::Text(value.to_text()),
            other => other,
        };
        let mut state = com.state.borrow_mut();
        if plain(&value) && state.values.len() < 256 {
            state.values.insert(Rc::from(member), value);
        }
    }

    /// A method of an object that is not known: what it is called and with what says what it does.
    pub(super) fn guess(&mut self, member: &str, args: &[Given]) -> Val {
        let mut texts = Vec::with_capacity(args.len());
        for arg in args {
            let value = self.settle(arg.value.clone());
            self.note(&value);
            texts.push(value.to_text());
        }
        let text = |at: usize| texts.get(at).cloned().unwrap_or_default();
        let command = text(0);
        let tells = keys::runs(&command.text);
        match member {
            "run" | "exec" | "execute" if tells => self.execute(&command, "Run"),
            "shellexecute" => self.shell_execute(&command, &text(1), "ShellExecute"),
            "create" if tells => self.event(Act::Wmi, &command, None, "Create"),
            "open" if matches!(command.text.to_ascii_uppercase().as_str(), "GET" | "POST" | "HEAD") => {
                self.event(Act::Request, &text(1), None, "XMLHTTP");
            }
            "savetofile" => self.event(Act::Write, &command, None, "SaveToFile"),
            "regwrite" => self.event(Act::Setting, &command, Some(text(1)), "RegWrite"),
            "createtextfile" => self.event(Act::Write, &command, None, "CreateTextFile"),
            _ => {}
        }
        Val::Unknown
    }
}

/// Objects hold no objects.
fn plain(value: &Val) -> bool {
    !matches!(value, Val::Object(_) | Val::Array(_))
}
