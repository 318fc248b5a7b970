//! What is known of a service: a state, and how many equal results led to it. No clock and no command: it is told
//! each result.

use std::fmt;

/// What a service is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServiceState {
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

impl ServiceState {
    /// Whether the speaker is told of it.
    pub(super) fn is_announced(self) -> bool {
        matches!(self, Self::Disabled | Self::Up | Self::Down | Self::Exit)
    }
}

impl fmt::Display for ServiceState {
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
    state: ServiceState,
    /// How many results in a row speak for the state that is rising or falling.
    results: u32,
    rise: u32,
    fall: u32,
}

impl Service {
    /// A service of which nothing is known, up after `rise` successes and down after `fall` failures in a row.
    pub(super) fn new(rise: u32, fall: u32) -> Self {
        Self { state: ServiceState::Init, results: 0, rise, fall }
    }

    pub(super) fn state(&self) -> ServiceState {
        self.state
    }

    /// Takes in one result; the state, if one was entered by it.
    pub(super) fn observe(&mut self, well: bool, disabled: bool) -> Option<ServiceState> {
        match self.state {
            ServiceState::Disabled if disabled => None,
            _ if disabled => Some(self.enter(ServiceState::Disabled)),
            // The result was not looked at: the next one is the first.
            ServiceState::Disabled => Some(self.enter(ServiceState::Init)),
            ServiceState::Rising if well => self.once_more(self.rise, ServiceState::Up),
            ServiceState::Falling if !well => self.once_more(self.fall, ServiceState::Down),
            ServiceState::Up if well => None,
            ServiceState::Down if !well => None,
            ServiceState::Exit => None,
            _ => Some(self.turn(well)),
        }
    }

    /// The first result of its kind in a row.
    fn turn(&mut self, well: bool) -> ServiceState {
        self.results = 1;
        self.enter(match well {
            true if self.rise <= 1 => ServiceState::Up,
            true => ServiceState::Rising,
            false if self.fall <= 1 => ServiceState::Down,
            false => ServiceState::Falling,
        })
    }

    fn once_more(&mut self, enough: u32, state: ServiceState) -> Option<ServiceState> {
        self.results += 1;
        (self.results >= enough).then(|| self.enter(state))
    }

    fn enter(&mut self, state: ServiceState) -> ServiceState {
        self.state = state;
        state
    }
}

#[cfg(test)]
mod tests {
    use super::{Service, ServiceState};

    /// The states that a service goes through, one for each result: `+` well, `-` failing, `d` disabled.
    fn states(rise: u32, fall: u32, results: &str) -> Vec<ServiceState> {
        let mut service = Service::new(rise, fall);
        let observe = |result: char| {
            service.observe(result != '-', result == 'd');
            service.state()
        };
        results.chars().map(observe).collect()
    }

    #[test]
    fn as_many_results_in_a_row_as_were_asked_for_decide() {
        use ServiceState::{Down, Falling, Rising, Up};
        assert_eq!(states(3, 2, "+++-+--"), [Rising, Rising, Up, Falling, Rising, Falling, Down]);
        assert_eq!(states(2, 3, "-+-++"), [Falling, Rising, Falling, Rising, Up]);
    }

    #[test]
    fn one_result_is_enough_where_one_was_asked_for() {
        assert_eq!(states(1, 1, "+-+"), [ServiceState::Up, ServiceState::Down, ServiceState::Up]);
        assert_eq!(states(0, 0, "-+"), [ServiceState::Down, ServiceState::Up]);
    }

    #[test]
    fn a_disabled_service_begins_anew_once_it_is_enabled() {
        use ServiceState::{Disabled, Init, Up};
        assert_eq!(states(1, 1, "+dd-+"), [Up, Disabled, Disabled, Init, Up]);
    }

    #[test]
    fn only_a_change_is_reported_as_entered() {
        let mut service = Service::new(2, 2);
        assert_eq!(service.observe(true, false), Some(ServiceState::Rising));
        assert_eq!(service.observe(true, false), Some(ServiceState::Up));
        assert_eq!(service.observe(true, false), None);
    }
}
