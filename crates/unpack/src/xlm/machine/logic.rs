//! Conditions and tests: `IF`, `CHOOSE`, `AND`, `IS…`.

use super::{
    Machine, codes as c,
    eval::Call,
    value::{NA, Res, VALUE, Val},
};

impl Machine<'_> {
    pub(super) fn logic_function(&mut self, code: u16, call: Call) -> Option<Res> {
        Some(match code {
            c::IF => Ok(self.if_function(call)),
            c::CHOOSE => self.choose(call),
            c::AND | c::OR | c::XOR => self.several(code, call),
            c::NOT => self.scalar_arg(call, 0).truth().map(|b| Val::Bool(!b)),
            c::TRUE => Ok(Val::Bool(true)),
            c::FALSE => Ok(Val::Bool(false)),
            c::NA => Ok(Val::Err(NA)),
            c::IFERROR | c::IFNA => {
                let value = self.scalar_arg(call, 0);
                Ok(if matches!(value, Val::Err(_)) { self.arg(call, 1) } else { value })
            }
            c::IFS => self.ifs(call),
            c::SWITCH => self.switch(call),
            c::ISERROR => self.is(call, |v| matches!(v, Val::Err(_))),
            c::ISERR => self.is(call, |v| matches!(v, Val::Err(e) if *e != NA)),
            c::ISNA => self.is(call, |v| matches!(v, Val::Err(e) if *e == NA)),
            c::ISNUMBER => self.is(call, |v| matches!(v, Val::Num(_))),
            c::ISTEXT => self.is(call, |v| matches!(v, Val::Text(_))),
            c::ISNONTEXT => self.is(call, |v| !matches!(v, Val::Text(_))),
            c::ISLOGICAL => self.is(call, |v| matches!(v, Val::Bool(_))),
            c::ISBLANK => self.is(call, |v| matches!(v, Val::Blank)),
            c::ISEVEN => self.number_arg(call, 0).map(|n| Val::Bool(n.trunc() % 2.0 == 0.0)),
            c::ISODD => self.number_arg(call, 0).map(|n| Val::Bool(n.trunc() % 2.0 != 0.0)),
            c::ISREF => Ok(Val::Bool(matches!(self.arg(call, 0), Val::Ref(_)))),
            c::TYPE => Ok(self.kind(call)),
            c::ERROR_TYPE => Ok(match self.scalar_arg(call, 0) {
                Val::Err(code) => Val::Num(error_number(code)),
                Val::Unknown(_) => Val::Unknown(None),
                _ => Val::Err(NA),
            }),
            _ => return None,
        })
    }

    fn is(&mut self, call: Call, test: impl Fn(&Val) -> bool) -> Res {
        let value = self.scalar_arg(call, 0);
        Ok(if value.is_unknown() { value } else { Val::Bool(test(&value)) })
    }

    fn choose(&mut self, call: Call) -> Res {
        let index = self.number_arg(call, 0)?;
        let most = call.n.saturating_sub(1) as f64;
        if !(1.0..=most).contains(&index.trunc()) {
            return Err(Val::Err(VALUE));
        }
        Ok(self.arg(call, index as usize))
    }

    fn several(&mut self, code: u16, call: Call) -> Res {
        let mut values = Vec::new();
        for i in 0..call.n {
            let value = self.arg(call, i);
            self.values(value, &mut values);
        }
        let (mut unknown, mut trues, mut all) = (false, 0_u32, 0_u32);
        for value in values {
            match value.truth() {
                _ if matches!(value, Val::Blank | Val::Missing) => {}
                Ok(b) => {
                    all += 1;
                    trues += u32::from(b);
                }
                Err(Val::Unknown(_)) => unknown = true,
                Err(_) if matches!(value, Val::Text(_)) => {}
                Err(e) => return Err(e),
            }
        }
        let known = match code {
            c::AND if trues < all => Some(false),
            c::OR if trues > 0 => Some(true),
            _ if unknown => None,
            c::AND => Some(true),
            c::OR => Some(false),
            _ => Some(trues % 2 == 1),
        };
        Ok(known.map_or(Val::Unknown(None), Val::Bool))
    }

    fn ifs(&mut self, call: Call) -> Res {
        for pair in 0..call.n / 2 {
            if self.scalar_arg(call, pair * 2).truth()? {
                return Ok(self.arg(call, pair * 2 + 1));
            }
        }
        Err(Val::Err(NA))
    }

    fn switch(&mut self, call: Call) -> Res {
        let value = self.scalar_arg(call, 0);
        let mut index = 1;
        while index + 1 < call.n {
            let case = self.scalar_arg(call, index);
            if super::value::compare(&value, &case).is_some_and(std::cmp::Ordering::is_eq) {
                return Ok(self.arg(call, index + 1));
            }
            index += 2;
        }
        if index < call.n { Ok(self.arg(call, index)) } else { Err(Val::Err(NA)) }
    }

    fn kind(&mut self, call: Call) -> Val {
        match self.arg(call, 0) {
            Val::Ref(area) if area.cells() > 1 => Val::Num(64.0),
            value => match self.scalar(value) {
                Val::Text(_) => Val::Num(2.0),
                Val::Bool(_) => Val::Num(4.0),
                Val::Err(_) => Val::Num(16.0),
                Val::Unknown(_) => Val::Unknown(None),
                _ => Val::Num(1.0),
            },
        }
    }
}

fn error_number(code: u8) -> f64 {
    match code {
        0x00 => 1.0,
        0x07 => 2.0,
        0x0F => 3.0,
        0x17 => 4.0,
        0x1D => 5.0,
        0x24 => 6.0,
        _ => 7.0,
    }
}
