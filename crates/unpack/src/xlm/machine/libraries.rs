//! Functions of libraries: `CALL`, `REGISTER` and the names that it makes. Nothing is called; answers are those of success.

use std::rc::Rc;

use super::{
    Limit, Machine, codes as c,
    eval::Call,
    event::{self, Act},
    value::{Res, Val},
};

/// The numbers that `REGISTER` gives start here.
pub(super) const FIRST_ID: usize = 1_000;
/// Bytes of copied memory that are kept.
const MEMORY_MAX: usize = 1 << 20;

impl Machine<'_> {
    pub(super) fn library_function(&mut self, code: u16, call: Call) -> Option<Res> {
        Some(Ok(match code {
            c::CALL => self.call_library(call),
            c::REGISTER | c::REGISTER_ID => self.register(call),
            c::UNREGISTER => {
                self.arg(call, 0);
                Val::Bool(true)
            }
            _ => return None,
        }))
    }

    fn call_library(&mut self, call: Call) -> Val {
        let first = self.scalar_arg(call, 0);
        // By the number that REGISTER gave: CALL(id, arguments…).
        if let Val::Num(id) = first
            && let Some(symbol) = (id as usize).checked_sub(FIRST_ID).and_then(|i| self.registered_ids.get(i))
            && let Some((dll, api, types)) = self.registered.get(symbol).cloned()
        {
            let args = self.shown_args(call, 1);
            return self.library_call(dll, api, types, args);
        }
        let dll = first.shown();
        let api = self.scalar_arg(call, 1).shown();
        let types = self.scalar_arg(call, 2).shown();
        let args = self.shown_args(call, 3);
        self.library_call(dll, api, types, args)
    }

    fn register(&mut self, call: Call) -> Val {
        let dll = self.scalar_arg(call, 0).shown();
        let api = self.scalar_arg(call, 1).shown();
        let types = self.scalar_arg(call, 2).shown();
        let alias = match self.scalar_arg(call, 3) {
            Val::Text(alias) if !alias.is_empty() => alias,
            _ => api.clone(),
        };
        for i in 4..call.n {
            self.arg(call, i);
        }
        self.log(Act::Register, vec![dll.clone(), api.clone(), types.clone(), alias.clone()]);
        let symbol = self.symbols.of(&alias);
        self.registered.insert(symbol, (dll, api, types));
        self.registered_ids.push(symbol);
        let id = (FIRST_ID + self.registered_ids.len() - 1) as f64;
        self.outside(Val::Num(id))
    }

    /// Logs a call and gives what success would.
    pub(super) fn library_call(
        &mut self,
        dll: Rc<str>,
        api: Rc<str>,
        types: Rc<str>,
        args: Vec<Rc<str>>,
    ) -> Val {
        let answer = self.answer(&api, &args);
        for arg in &args {
            self.judge(arg);
        }
        let mut all = vec![dll, api, types];
        all.extend(args);
        self.log(Act::Call, all);
        self.taint |= event::OUTSIDE;
        answer
    }

    fn answer(&mut self, api: &str, args: &[Rc<str>]) -> Val {
        let lower = api.to_ascii_lowercase();
        let has = |part: &str| lower.contains(part);
        if has("virtualalloc") || has("heapalloc") || has("globalalloc") {
            self.next_address += f64::from(0x0010_0000);
            return Val::Num(self.next_address);
        }
        if has("rtlmovememory")
            || has("rtlcopymemory")
            || has("writeprocessmemory")
            || has("ntwritevirtualmemory")
        {
            self.copied(args);
            return Val::Num(1.0);
        }
        if has("shellexecute") || has("winexec") {
            return Val::Num(42.0);
        }
        if has("urldownload") {
            return Val::Num(0.0);
        }
        if has("tickcount") || has("systemtime") {
            return Val::Unknown(None);
        }
        if has("createdirectory") || has("createprocess") || has("createthread") || has("internet") {
            return Val::Num(1.0);
        }
        Val::Num(0.0)
    }

    /// Keeps the bytes that are copied: the longest argument that is text.
    fn copied(&mut self, args: &[Rc<str>]) {
        let number =
            |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-');
        let Some(bytes) = args.iter().filter(|a| !number(a)).max_by_key(|a| a.len()) else { return };
        let room = MEMORY_MAX.saturating_sub(self.memory.len());
        if bytes.len() > room && bytes.chars().count() > room {
            self.limit(Limit::Memory);
        }
        self.memory.extend(bytes.chars().take(room).map(|c| u32::from(c).min(255) as u8));
    }
}
