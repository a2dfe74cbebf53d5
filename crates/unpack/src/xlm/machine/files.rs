//! Files that a macro opens, writes and reads, as far as it can tell: none of them exists.

use std::rc::Rc;

use super::{
    Limit, Machine, codes as c,
    eval::Call,
    event::Act,
    value::{NA, Res, Val},
};

/// Handles start here.
const FIRST: usize = 1;
/// Files that are kept.
const FILES_MAX: usize = 64;
/// Bytes of one file that are kept.
const CONTENT_MAX: usize = 256 << 10;

/// A file.
#[derive(Debug)]
pub(super) struct File {
    path: Rc<str>,
    content: String,
    /// How much of it was told.
    told: usize,
}

impl Machine<'_> {
    pub(super) fn file_function(&mut self, code: u16, call: Call) -> Option<Res> {
        Some(Ok(match code {
            c::FOPEN => self.open_file(call),
            c::FWRITE | c::FWRITELN => self.write_file(code, call),
            c::FCLOSE => self.close_file(call),
            c::FREAD | c::FREADLN => {
                self.shown_args(call, 0);
                // What a macro reads back are settings that it had exported: they are those of a careful user.
                self.outside(Val::text("0001"))
            }
            c::FSIZE => {
                let size = self.file(call).map_or(0, |f| f.content.len());
                self.outside(Val::Num(size.max(1_024) as f64))
            }
            c::FPOS => self.outside(Val::Num(1.0)),
            c::FILES => {
                self.shown_args(call, 0);
                self.outside(Val::Err(NA))
            }
            c::FILE_EXISTS => {
                self.shown_args(call, 0);
                self.outside(Val::Bool(true))
            }
            c::DIRECTORY => self.outside(Val::text("C:\\Users\\User\\Documents")),
            c::SAVE_AS
            | c::SAVE_COPY_AS
            | c::OPEN
            | c::OPEN_TEXT
            | c::INSERT_OBJECT
            | c::VBA_INSERT_FILE
            | c::CREATE_DIRECTORY
            | c::FILE_DELETE => {
                let mut args = vec![Rc::from(verb(code))];
                args.extend(self.shown_args(call, 0));
                self.log(Act::Saved, args);
                self.outside(Val::Bool(true))
            }
            _ => return None,
        }))
    }

    fn open_file(&mut self, call: Call) -> Val {
        let path = self.scalar_arg(call, 0).shown();
        let access = self.number_or(call, 1, 1.0).unwrap_or(1.0);
        self.judge(&path);
        if self.files.len() >= FILES_MAX {
            self.limit(Limit::Files);
            return self.outside(Val::Num(FIRST as f64));
        }
        // 1 and 3 may write; 2 reads only.
        if access != 2.0 {
            self.log(Act::Wrote, vec![path.clone(), "".into()]);
        }
        self.files.push(File { path, content: String::new(), told: 0 });
        let handle = FIRST + self.files.len() - 1;
        self.outside(Val::Num(handle as f64))
    }

    fn file(&mut self, call: Call) -> Option<&mut File> {
        let handle = self.number_arg(call, 0).ok();
        let known = handle.and_then(|h| (h as usize).checked_sub(FIRST)).filter(|i| *i < self.files.len());
        // A handle that is not known can only be that of the last file.
        let index = known.or(self.files.len().checked_sub(1))?;
        self.files.get_mut(index)
    }

    fn write_file(&mut self, code: u16, call: Call) -> Val {
        let text = self.scalar_arg(call, 1).shown();
        self.spend_text(text.len());
        let written = text.chars().count() as f64;
        let mut full = false;
        if let Some(file) = self.file(call) {
            full = file.content.len() + text.len() > CONTENT_MAX;
            if !full {
                file.content.push_str(&text);
            }
            if !full && code == c::FWRITELN {
                file.content.push_str("\r\n");
            }
        }
        if full {
            self.limit(Limit::Files);
        }
        self.outside(Val::Num(written))
    }

    fn close_file(&mut self, call: Call) -> Val {
        self.arg(call, 0);
        self.flush_files();
        Val::Bool(true)
    }

    /// Tells what was written since it was last told.
    pub(super) fn flush_files(&mut self) {
        let mut told = Vec::new();
        for file in &mut self.files {
            if file.content.len() > file.told {
                let new = file.content.get(file.told..).unwrap_or("");
                told.push((file.path.clone(), Rc::from(new)));
                file.told = file.content.len();
            }
        }
        for (path, content) in told {
            self.log(Act::Wrote, vec![path, content]);
        }
    }
}

fn verb(code: u16) -> &'static str {
    match code {
        c::SAVE_AS => "save",
        c::SAVE_COPY_AS => "copy",
        c::OPEN | c::OPEN_TEXT => "open",
        c::FILE_DELETE => "delete",
        c::CREATE_DIRECTORY => "folder",
        _ => "insert",
    }
}
