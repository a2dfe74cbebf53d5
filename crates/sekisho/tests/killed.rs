//! The server is killed again and again under load: what a client was told is accepted is delivered or held, once.
//!
//! There are few kills unless the environment asks for more (`make soak` is the long run):
//!
//! * `SEKISHO_KILLS`: how many;
//! * `SEKISHO_KILL_SECONDS`: spread over so many seconds;
//! * `SEKISHO_KILL_RATE`: messages a second that are begun;
//! * `SEKISHO_KILL_CLIENTS`: how many send at the same time;
//! * `SEKISHO_BIN`: the program, a release build for example.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod live;

use std::{
    hash::{BuildHasher as _, RandomState},
    net::SocketAddr,
    time::{Duration, Instant},
};

use live::{
    Server,
    load::{Fate, Load},
};
use sekisho_testkit::{
    scenarios::Scenario,
    servers::{self, Postfix, Setup, free_port},
};

/// How often and how hard.
struct Plan {
    kills: usize,
    /// From one kill to the next, on average; a quarter of a second after the start where there is none.
    apart: Option<Duration>,
    rate: f64,
    clients: usize,
}

impl Plan {
    fn read(kills: usize) -> Self {
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<f64>().ok());
        let kills = number("SEKISHO_KILLS").map_or(kills, |kills| kills as usize);
        let seconds = number("SEKISHO_KILL_SECONDS");
        Self {
            kills,
            apart: seconds.map(|seconds| Duration::from_secs_f64(seconds / kills as f64)),
            rate: number("SEKISHO_KILL_RATE").unwrap_or(0.0),
            clients: number("SEKISHO_KILL_CLIENTS").map_or(4, |clients| clients as usize),
        }
    }

    /// How long to wait for the next kill: any moment of a message's way is hit sooner or later.
    fn pause(&self, since: Instant) -> Duration {
        let chance = RandomState::new().hash_one(0) % 1_000;
        match self.apart {
            Some(apart) => (apart.mul_f64(0.6 + chance as f64 / 1_250.0)).saturating_sub(since.elapsed()),
            None => Duration::from_millis(150 + chance * 4 / 10),
        }
    }

    /// Sends and kills; how long starting took, and the whole.
    fn carry_out(&self, load: &Load, to: SocketAddr, server: &mut Server) -> (Duration, Duration) {
        let (begin, mut starting) = (Instant::now(), Duration::ZERO);
        std::thread::scope(|scope| {
            for _ in 0..self.clients {
                scope.spawn(|| load.client(to));
            }
            let mut since = Instant::now();
            for kill in 1..=self.kills {
                std::thread::sleep(self.pause(since));
                since = Instant::now();
                server.kill_and_start();
                starting += since.elapsed();
                if kill % 10 == 0 {
                    let (seconds, accepted) = (begin.elapsed().as_secs_f64(), load.accepted());
                    println!(
                        "kill {kill} of {}, {seconds:.0} s, {accepted} accepted ({:.0} a second)",
                        self.kills,
                        accepted as f64 / seconds
                    );
                }
            }
            load.stop();
        });
        (starting, begin.elapsed())
    }

    fn tell(&self, load: &Load, fate: &Fate, (starting, all): (Duration, Duration)) {
        let seconds = all.as_secs_f64();
        println!(
            "accepted {} (tries {}), delivered {}, held {}, twice {}, lost {}, {:.1} messages a second, {} kills, \
             {seconds:.0} seconds, of them {:.0} of starting",
            fate.accepted,
            load.tries(),
            fate.delivered,
            fate.held,
            fate.twice + fate.held_twice,
            fate.lost.len(),
            fate.accepted as f64 / seconds,
            self.kills,
            starting.as_secs_f64()
        );
    }
}

fn organisation(scenario: &Scenario, more: &str, ports: &str) -> Server {
    let text = format!(
        "{more}\n[organisation]\ndomains = ['harbour.example']\n[authentication]\nzone = 'zone.txt'\n{ports}"
    );
    Server::start(&text, &[("zone.txt", &scenario.zone)])
}

#[test]
fn whatever_was_accepted_is_delivered_or_held_once_however_often_the_server_is_killed() {
    if servers::without() {
        return;
    }
    let plan = Plan::read(20);
    let scenario = Scenario::read("hijacked-mailer").unwrap();
    let mut server = organisation(&scenario, "", "");
    let setup = Setup {
        domains: vec!["harbour.example".to_owned()],
        milter: Some(format!("inet:127.0.0.1:{}", server.milter_port)),
        main: vec!["milter_default_action = tempfail".to_owned()],
        ..Setup::default()
    };
    let postfix = Postfix::start(&setup).unwrap();
    let load = Load::new(&scenario, plan.rate);
    let took = plan.carry_out(&load, postfix.smtp(), &mut server);
    let fate = load.fate(&postfix, &server);
    plan.tell(&load, &fate, took);
    assert!(fate.accepted > plan.kills, "there was load");
    assert_eq!(fate.lost, Vec::<usize>::new(), "nothing is lost");
    assert_eq!((fate.twice, fate.held_twice, fate.astray), (0, 0, 0), "nothing is there twice");
    assert_eq!(fate.accepted, fate.delivered + fate.held, "and nothing else is there");
}

#[test]
fn the_smtp_filter_loses_nothing_and_gives_little_twice_however_often_it_is_killed() {
    if servers::without() {
        return;
    }
    let plan = Plan::read(8);
    let scenario = Scenario::read("hijacked-mailer").unwrap();
    let setup = Setup { domains: vec!["harbour.example".to_owned()], ..Setup::default() };
    let postfix = Postfix::start(&setup).unwrap();
    let port = free_port().unwrap();
    let smtp = format!("[smtp]\nlisten = ['127.0.0.1:{port}']\nnext = '{}'\n", postfix.smtp());
    let mut server = organisation(&scenario, "", &smtp);
    let load = Load::new(&scenario, plan.rate);
    let took = plan.carry_out(&load, SocketAddr::from(([127, 0, 0, 1], port)), &mut server);
    let fate = load.fate(&postfix, &server);
    plan.tell(&load, &fate, took);
    assert!(fate.accepted > plan.kills, "there was load");
    assert_eq!(fate.lost, Vec::<usize>::new(), "nothing is lost");
    assert_eq!((fate.held_twice, fate.astray), (0, 0), "nothing is held twice");
    // Whoever is killed between the end of a message and the next hop's answer cannot know (RFC 1047).
    assert!(fate.twice <= plan.kills * plan.clients, "{} messages came twice", fate.twice);
}
