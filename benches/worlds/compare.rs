//! Two players, in turn, on the same worlds.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::saved::{self, SavedWorld};

/// What a player said of one run.
#[derive(Clone, Debug)]
struct Told {
    wall: u64,
    steps: u64,
    virtual_time: u64,
    passed: bool,
}

/// A player at work; it ends when its standard input does.
struct Player {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Player {
    fn start(program: &Path, file: &Path, worlds: usize) -> Self {
        let mut child = Command::new(program)
            .arg("--play")
            .arg(file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()));
        let (input, output) = (child.stdin.take(), child.stdout.take().unwrap());
        let mut player = Self { child, input, output: BufReader::new(output) };
        assert_eq!(player.line(), format!("ready {worlds}"), "{} reads every world", program.display());
        player
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a player answers");
        line.trim_end().to_owned()
    }

    fn play(&mut self, index: usize) -> Told {
        writeln!(self.input.as_mut().unwrap(), "{index}").expect("a player listens");
        let line = self.line();
        let mut words = line.split(' ');
        let mut number = || words.next().and_then(|word| word.parse().ok()).expect("a number");
        let (wall, steps, virtual_time) = (number(), number(), number());
        Told { wall, steps, virtual_time, passed: words.next() == Some("pass") }
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// Plays every world so many times with this build and, where there is one, in turn with another build's player.
pub(crate) fn compare(worlds: &[SavedWorld], against: Option<&Path>, rounds: usize) {
    let file = std::env::temp_dir().join(format!("holdtime-worlds-{}.toml", std::process::id()));
    let text: String = worlds.iter().map(|world| saved::entry(world.seed, &world.text)).collect();
    std::fs::write(&file, text).expect("room for the worlds");
    let own = std::env::current_exe().expect("this program has a path");
    let mut players: Vec<(&str, Player)> = vec![("this build", Player::start(&own, &file, worlds.len()))];
    players.extend(against.map(|program| ("the other", Player::start(program, &file, worlds.len()))));
    let _ = std::fs::remove_file(&file);
    let mut told: Vec<Vec<Told>> = vec![Vec::new(); players.len()];
    for round in 0..rounds {
        for index in 0..worlds.len() {
            // Who is first changes, for the second finds the caches as the first left them.
            let mut order: Vec<usize> = (0..players.len()).collect();
            order.rotate_left((round + index) % players.len());
            for player in order {
                told[player].push(players[player].1.play(index));
            }
        }
    }
    println!(
        "{} worlds, {rounds} rounds; medians of a run\n\n{:>12} {:>12} {:>12} {:>12} {:>10} {:>8}",
        worlds.len(),
        "",
        "runs/s",
        "wall",
        "virtual",
        "steps",
        "alarms"
    );
    for ((name, _), told) in players.iter().zip(&told) {
        let wall = median(told, |told| told.wall);
        println!(
            "{name:>12} {:>12.0} {:>9.3} ms {:>10.1} s {:>10} {:>8}",
            1e9 / wall as f64,
            wall as f64 / 1e6,
            median(told, |told| told.virtual_time) as f64 / 1e9,
            median(told, |told| told.steps),
            told.iter().filter(|told| !told.passed).count() / rounds,
        );
        let mean = |of: fn(&Told) -> u64| told.iter().map(of).sum::<u64>() as f64 / told.len() as f64;
        println!(
            "{:>12} {:>12.0} {:>9.3} ms {:>10.1} s {:>10.0}",
            "(means)",
            1e9 / mean(|told| told.wall),
            mean(|told| told.wall) / 1e6,
            mean(|told| told.virtual_time) / 1e9,
            mean(|told| told.steps),
        );
    }
    if let [own, other] = told.as_slice() {
        let ratio = median(other, |told| told.wall) as f64 / median(own, |told| told.wall) as f64;
        println!("\nthis build plays {ratio:.2} times as many a second in the median");
    }
}

fn median(told: &[Told], of: impl Fn(&Told) -> u64) -> u64 {
    let mut all: Vec<u64> = told.iter().map(of).collect();
    all.sort_unstable();
    all[all.len() / 2]
}
