//! Numbers: arithmetic, rounding, bases, bits, counting.

use super::{
    Machine, codes as c,
    eval::Call,
    event,
    value::{DIV0, NUM, Res, VALUE, Val},
};

impl Machine<'_> {
    pub(super) fn number_function(&mut self, code: u16, call: Call) -> Option<Res> {
        Some(match code {
            c::ABS => self.map_number(call, f64::abs),
            c::INT => self.map_number(call, f64::floor),
            c::SIGN => self.map_number(call, |n| if n == 0.0 { 0.0 } else { n.signum() }),
            c::SQRT => self.map_number(call, f64::sqrt),
            c::EXP => self.map_number(call, f64::exp),
            c::LN => self.map_number(call, f64::ln),
            c::LOG10 => self.map_number(call, f64::log10),
            c::SIN => self.map_number(call, f64::sin),
            c::COS => self.map_number(call, f64::cos),
            c::TAN => self.map_number(call, f64::tan),
            c::EVEN => self.map_number(call, |n| (n.abs() / 2.0).ceil() * 2.0 * n.signum()),
            c::ODD => self.map_number(call, |n| {
                let up = ((n.abs() - 1.0) / 2.0).ceil() * 2.0 + 1.0;
                if n == 0.0 { 1.0 } else { up.max(1.0) * n.signum() }
            }),
            c::FACT => self.map_number(call, |n| (1..=n.clamp(0.0, 170.0) as u32).map(f64::from).product()),
            c::PI => Ok(Val::Num(std::f64::consts::PI)),
            c::LOG => self.two(call, 10.0, |n, base| Val::from(n.log(base))),
            c::POWER => self.two(call, 0.0, |a, b| Val::from(a.powf(b))),
            c::MOD => self.two(call, 0.0, |a, b| {
                if b == 0.0 { Val::Err(DIV0) } else { Val::from(a - b * (a / b).floor()) }
            }),
            c::QUOTIENT => {
                self.two(call, 0.0, |a, b| if b == 0.0 { Val::Err(DIV0) } else { Val::from((a / b).trunc()) })
            }
            c::ROUND => self.two(call, 0.0, |n, d| rounded(n, d, f64::round)),
            c::ROUNDUP => self.two(call, 0.0, |n, d| rounded(n, d, |x| x.abs().ceil() * x.signum())),
            c::ROUNDDOWN | c::TRUNC => self.two(call, 0.0, |n, d| rounded(n, d, f64::trunc)),
            c::MROUND => self.two(call, 1.0, |n, m| multiple(n, m, f64::round)),
            c::FLOOR => self.two(call, 1.0, |n, m| multiple(n, m, f64::floor)),
            c::CEILING => self.two(call, 1.0, |n, m| multiple(n, m, f64::ceil)),
            c::COMBIN => self.two(call, 0.0, |n, k| {
                let k = k.clamp(0.0, 1_000.0) as u32;
                Val::from((0..k).fold(1.0, |all, i| all * (n - f64::from(i)) / f64::from(i + 1)).round())
            }),
            c::BITAND => self.bits(call, |a, b| a & b),
            c::BITOR => self.bits(call, |a, b| a | b),
            c::BITXOR => self.bits(call, |a, b| a ^ b),
            c::BITLSHIFT => self.bits(call, |a, b| a.checked_shl(b as u32).unwrap_or(0)),
            c::BITRSHIFT => self.bits(call, |a, b| a.checked_shr(b as u32).unwrap_or(0)),
            c::RAND => Ok(self.chance()),
            c::RANDBETWEEN => self.random_between(call),
            c::SUM | c::PRODUCT | c::MAX | c::MIN | c::AVERAGE | c::COUNT | c::SUMSQ | c::MEDIAN => {
                self.aggregate(code, call)
            }
            c::COUNTA | c::COUNTBLANK => self.count_filled(code, call),
            c::GCD | c::LCM => self.common(code, call),
            c::LARGE | c::SMALL => self.ranked(code, call),
            c::SUMPRODUCT => self.sum_product(call),
            c::HEX2DEC => self.read_base(call, 16),
            c::OCT2DEC => self.read_base(call, 8),
            c::BIN2DEC => self.read_base(call, 2),
            c::DECIMAL => {
                let base = self.number_arg(call, 1).unwrap_or(10.0);
                self.read_base(call, base as u32)
            }
            c::DEC2HEX => self.write_base(call, 16, 1),
            c::DEC2OCT => self.write_base(call, 8, 1),
            c::DEC2BIN => self.write_base(call, 2, 1),
            c::BASE => {
                let base = self.number_arg(call, 1).unwrap_or(10.0);
                self.write_base(call, base as u32, 2)
            }
            c::HEX2BIN | c::HEX2OCT | c::OCT2BIN | c::OCT2HEX | c::BIN2OCT | c::BIN2HEX => {
                self.change_base(code, call)
            }
            c::ARABIC => self.text_arg(call, 0).map(|t| arabic(&t)),
            c::ROMAN => self.number_arg(call, 0).map(|n| Val::text(roman(n))),
            _ => return None,
        })
    }

    fn map_number(&mut self, call: Call, map: impl Fn(f64) -> f64) -> Res {
        self.number_arg(call, 0).map(|n| Val::from(map(n)))
    }

    fn two(&mut self, call: Call, default: f64, map: impl Fn(f64, f64) -> Val) -> Res {
        let a = self.number_arg(call, 0)?;
        let b = self.number_or(call, 1, default)?;
        Ok(map(a, b))
    }

    fn bits(&mut self, call: Call, map: impl Fn(u64, u64) -> u64) -> Res {
        let (a, b) = (self.number_arg(call, 0)?, self.number_arg(call, 1)?);
        if a < 0.0 || b < 0.0 {
            return Err(Val::Err(NUM));
        }
        Ok(Val::from((map(a as u64, b as u64) & 0xFFFF_FFFF_FFFF) as f64))
    }

    fn chance(&mut self) -> Val {
        self.taint |= event::CHANCE;
        Val::Unknown(None)
    }

    fn random_between(&mut self, call: Call) -> Res {
        let (low, high) = (self.number_arg(call, 0)?, self.number_arg(call, 1)?);
        Ok(if low.ceil() == high.floor() { Val::from(low.ceil()) } else { self.chance() })
    }

    /// Numbers of all arguments: in ranges and arrays only what is a number counts.
    fn numbers(&mut self, call: Call) -> Result<Vec<f64>, Val> {
        let mut out = Vec::new();
        for i in 0..call.n {
            let value = self.arg(call, i);
            let direct = !matches!(value, Val::Ref(_) | Val::Array(_));
            let mut values = Vec::new();
            self.values(value, &mut values);
            for value in values {
                match &value {
                    Val::Err(_) | Val::Unknown(_) => return Err(value),
                    Val::Num(n) => out.push(*n),
                    Val::Missing => {}
                    other if direct => out.push(other.number()?),
                    _ => {}
                }
            }
        }
        Ok(out)
    }

    fn aggregate(&mut self, code: u16, call: Call) -> Res {
        let mut numbers = self.numbers(call)?;
        let count = numbers.len() as f64;
        let sum: f64 = numbers.iter().sum();
        Ok(match code {
            c::COUNT => Val::Num(count),
            c::SUM => Val::from(sum),
            c::SUMSQ => Val::from(numbers.iter().map(|n| n * n).sum::<f64>()),
            _ if numbers.is_empty() && code != c::AVERAGE => Val::Num(0.0),
            c::PRODUCT => Val::from(numbers.iter().product::<f64>()),
            c::MAX => Val::from(numbers.iter().copied().fold(f64::MIN, f64::max)),
            c::MIN => Val::from(numbers.iter().copied().fold(f64::MAX, f64::min)),
            c::MEDIAN => {
                numbers.sort_by(f64::total_cmp);
                let middle = numbers.len() / 2;
                let upper = numbers.get(middle).copied().unwrap_or(0.0);
                let lower = numbers.get(middle.saturating_sub(1)).copied().unwrap_or(upper);
                Val::from(if numbers.len().is_multiple_of(2) { f64::midpoint(lower, upper) } else { upper })
            }
            _ if numbers.is_empty() => Val::Err(DIV0),
            _ => Val::from(sum / count),
        })
    }

    fn count_filled(&mut self, code: u16, call: Call) -> Res {
        let mut values = Vec::new();
        let mut cells = 0_u64;
        for i in 0..call.n {
            let value = self.arg(call, i);
            cells += if let Val::Ref(area) = value { area.cells() } else { 0 };
            self.values(value, &mut values);
        }
        let filled = values.iter().filter(|v| !matches!(v, Val::Blank | Val::Missing)).count() as u64;
        Ok(Val::Num(if code == c::COUNTA { filled } else { cells.saturating_sub(filled) } as f64))
    }

    fn common(&mut self, code: u16, call: Call) -> Res {
        let gcd = |mut a: u64, mut b: u64| {
            while b != 0 {
                (a, b) = (b, a % b);
            }
            a
        };
        let numbers = self.numbers(call)?;
        let whole = numbers.iter().map(|n| n.abs() as u64);
        Ok(Val::from(if code == c::GCD {
            whole.fold(0, gcd) as f64
        } else {
            whole.fold(1, |a, b| (a / gcd(a, b).max(1)).saturating_mul(b)) as f64
        }))
    }

    fn ranked(&mut self, code: u16, call: Call) -> Res {
        let value = self.arg(call, 0);
        let mut values = Vec::new();
        self.values(value, &mut values);
        let mut numbers: Vec<f64> =
            values.iter().filter_map(|v| if let Val::Num(n) = v { Some(*n) } else { None }).collect();
        numbers.sort_by(f64::total_cmp);
        if code == c::LARGE {
            numbers.reverse();
        }
        let rank = self.number_arg(call, 1)? as usize;
        Ok(numbers.get(rank.wrapping_sub(1)).map_or(Val::Err(NUM), |n| Val::Num(*n)))
    }

    fn sum_product(&mut self, call: Call) -> Res {
        let mut products: Vec<f64> = Vec::new();
        for i in 0..call.n {
            let value = self.arg(call, i);
            let mut values = Vec::new();
            self.values(value, &mut values);
            let numbers = values.iter().map(|v| if let Val::Num(n) = v { *n } else { 0.0 });
            if i == 0 {
                products = numbers.collect();
            } else {
                products = products.iter().zip(numbers).map(|(a, b)| a * b).collect();
            }
        }
        Ok(Val::from(products.iter().sum::<f64>()))
    }

    fn read_base(&mut self, call: Call, base: u32) -> Res {
        let text = self.text_arg(call, 0)?;
        let text = text.trim();
        if !(2..=36).contains(&base) || text.len() > 40 {
            return Err(Val::Err(NUM));
        }
        let Ok(number) = u64::from_str_radix(text, base) else { return Err(Val::Err(NUM)) };
        Ok(Val::from(number as f64))
    }

    fn write_base(&mut self, call: Call, base: u32, width_at: usize) -> Res {
        let number = self.number_arg(call, 0)?;
        let width = self.number_or(call, width_at, 0.0)?.clamp(0.0, 255.0) as usize;
        if number < 0.0 || !(2..=36).contains(&base) {
            return Err(Val::Err(NUM));
        }
        Ok(Val::text(in_base(number as u64, u64::from(base), width)))
    }

    fn change_base(&mut self, code: u16, call: Call) -> Res {
        let (from, to) = match code {
            c::HEX2BIN => (16, 2),
            c::HEX2OCT => (16, 8),
            c::OCT2BIN => (8, 2),
            c::OCT2HEX => (8, 16),
            c::BIN2OCT => (2, 8),
            _ => (2, 16),
        };
        let text = self.text_arg(call, 0)?;
        let width = self.number_or(call, 1, 0.0)?.clamp(0.0, 255.0) as usize;
        let number = u64::from_str_radix(text.trim(), from).map_err(|_| Val::Err(VALUE))?;
        Ok(Val::text(in_base(number, to, width)))
    }
}

fn in_base(mut number: u64, base: u64, width: usize) -> String {
    let mut digits = Vec::new();
    while number > 0 || digits.len() < width.max(1) {
        digits.push(
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".get((number % base) as usize).copied().unwrap_or(b'0'),
        );
        number /= base;
    }
    digits.iter().rev().map(|b| char::from(*b)).collect()
}

fn rounded(n: f64, digits: f64, round: impl Fn(f64) -> f64) -> Val {
    let scale = 10_f64.powi(digits.clamp(-300.0, 300.0) as i32);
    let scaled = n * scale;
    if !scaled.is_finite() {
        return Val::from(n);
    }
    // What is a whole number but for the last bits of its fraction rounds as that number.
    let near = scaled.round();
    let scaled = if (scaled - near).abs() < 1e-9 * scaled.abs().max(1.0) { near } else { scaled };
    Val::from(round(scaled) / scale)
}

fn multiple(n: f64, of: f64, round: impl Fn(f64) -> f64) -> Val {
    if of == 0.0 { Val::Num(0.0) } else { Val::from(round(n / of) * of) }
}

fn arabic(text: &str) -> Val {
    let worth = |c: char| match c.to_ascii_uppercase() {
        'I' => Some(1.0),
        'V' => Some(5.0),
        'X' => Some(10.0),
        'L' => Some(50.0),
        'C' => Some(100.0),
        'D' => Some(500.0),
        'M' => Some(1000.0),
        _ => None,
    };
    let (text, sign) = match text.trim().strip_prefix('-') {
        Some(rest) => (rest, -1.0),
        None => (text.trim(), 1.0),
    };
    let (mut total, mut last) = (0.0, 0.0);
    for c in text.chars().rev() {
        let Some(n) = worth(c) else { return Val::Err(VALUE) };
        total += if n < last { -n } else { n };
        last = n;
    }
    Val::from(sign * total)
}

fn roman(n: f64) -> String {
    const PARTS: [(u32, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    let mut left = n.clamp(0.0, 3999.0) as u32;
    let mut out = String::new();
    for (worth, letters) in PARTS {
        while left >= worth {
            out.push_str(letters);
            left -= worth;
        }
    }
    out
}
