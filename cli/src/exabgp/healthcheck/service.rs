//! What is known of a service: a state, and how many equal results led to it. No clock and no command: it is told
//! each result.

use std::fmt;

/// What a service is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing is known yet.
    Init,
    /// Somebody has put the file there that disables it.
    Disabled,
    /// It succeeds, but not often enough yet.
    Rising,
    /// It fails, but not often enough yet.
    Falling,
    Up,
    Down,
    /// The program ends: never entered by a result.
    Exit,
}

impl State {
    /// Whether the speaker is told of it.
    pub(super) fn is_announced(self) -> bool {
        matches!(self, Self::Disabled | Self::Up | Self::Down | Self::Exit)
    }
}

impl fmt::Display for State {
    /// As the hooks find it in `STATE`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Init => "INIT",
            Self::Disabled => "DISABLED",
            Self::Rising => "RISING",
            Self::Falling => "FALLING",
            Self::Up => "UP",
            Self::Down => "DOWN",
            Self::Exit => "EXIT",
        })
    }
}

/// A service under watch.
#[derive(Debug)]
pub(super) struct Service {
    state: State,
    /// How many results in a row speak for the state that is rising or falling.
    results: u32,
    rise: u32,
    fall: u32,
}

impl Service {
    /// A service of which nothing is known, up after `rise` successes and down after `fall` failures in a row.
    pub(super) fn new(rise: u32, fall: u32) -> Self {
        Self { state: State::Init, results: 0, rise, fall }
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    /// Takes in one result; the state, if one was entered by it.
    pub(super) fn observe(&mut self, well: bool, disabled: bool) -> Option<State> {
        match self.state {
            State::Disabled if disabled => None,
            _ if disabled => Some(self.enter(State::Disabled)),
            // The result was not looked at: the next one is the first.
            State::Disabled => Some(self.enter(State::Init)),
            State::Rising if well => self.once_more(self.rise, State::Up),
            State::Falling if !well => self.once_more(self.fall, State::Down),
            State::Up if well => None,
            State::Down if !well => None,
            State::Exit => None,
            _ => Some(self.turn(well)),
        }
    }

    /// The first result of its kind in a row.
    fn turn(&mut self, well: bool) -> State {
        self.results = 1;
        self.enter(match well {
            true if self.rise <= 1 => State::Up,
            true => State::Rising,
            false if self.fall <= 1 => State::Down,
            false => State::Falling,
        })
    }

    fn once_more(&mut self, enough: u32, state: State) -> Option<State> {
        self.results += 1;
        (self.results >= enough).then(|| self.enter(state))
    }

    fn enter(&mut self, state: State) -> State {
        self.state = state;
        state
    }
}

#[cfg(test)]
mod tests {
    use super::{Service, State};

    /// The states that a service goes through, one for each result: `+` well, `-` failing, `d` disabled.
    fn states(rise: u32, fall: u32, results: &str) -> Vec<State> {
        let mut service = Service::new(rise, fall);
        let observe = |result: char| {
            service.observe(result != '-', result == 'd');
            service.state()
        };
        results.chars().map(observe).collect()
    }

    #[test]
    fn as_many_results_in_a_row_as_were_asked_for_decide() {
        use State::{Down, Falling, Rising, Up};
        assert_eq!(states(3, 2, "+++-+--"), [Rising, Rising, Up, Falling, Rising, Falling, Down]);
        assert_eq!(states(2, 3, "-+-++"), [Falling, Rising, Falling, Rising, Up]);
    }

    #[test]
    fn one_result_is_enough_where_one_was_asked_for() {
        assert_eq!(states(1, 1, "+-+"), [State::Up, State::Down, State::Up]);
        assert_eq!(states(0, 0, "-+"), [State::Down, State::Up]);
    }

    #[test]
    fn a_disabled_service_begins_anew_once_it_is_enabled() {
        use State::{Disabled, Init, Up};
        assert_eq!(states(1, 1, "+dd-+"), [Up, Disabled, Disabled, Init, Up]);
    }

    #[test]
    fn only_a_change_is_reported_as_entered() {
        let mut service = Service::new(2, 2);
        assert_eq!(service.observe(true, false), Some(State::Rising));
        assert_eq!(service.observe(true, false), Some(State::Up));
        assert_eq!(service.observe(true, false), None);
    }
}
