//! Login: tokens in memory, the account's lock, and the words of refusals.

use std::collections::BTreeMap;
use std::fmt;

/// Tokens die after this long without a request of the API.
const IDLE_MS: u64 = 30 * 60 * 1000;
/// Wrong passwords in a row until the account is locked.
const STRIKES: u32 = 5;
const LOCK_MS: u64 = 60 * 60 * 1000;
/// A refused password is answered no sooner.
const REFUSAL_DELAY_MS: u64 = 5_000;

/// Scope of a token that may use the API, and the scope granted with it.
pub(crate) const API_SCOPE: &str = "ovirt-app-api";
const GRANTED_SCOPE: &str = "ovirt-app-api ovirt-ext=token-info:authz-search \
                             ovirt-ext=token-info:public-authz-search ovirt-ext=token-info:validate \
                             ovirt-ext=token:password-access";

pub(crate) const INVALID_GRANT: &str = "invalid_grant: The provided authorization grant for the auth code has expired.";
pub(crate) const SCOPE_MISSING: &str = "The required scope ovirt-app-api is not granted.";

/// The one account and the sessions. All but the account is lost with the engine process.
pub(crate) struct Sso {
    /// `user@profile`.
    user: String,
    password: String,
    tokens: BTreeMap<String, Session>,
    failures: u32,
    locked_until: Option<u64>,
    issued: u64,
    seed: u64,
}

struct Session {
    api: bool,
    last_use: u64,
    /// Whether the API has seen it: the first use asks SSO and the database.
    known: bool,
}

/// A refused login. Answered `delay` milliseconds of engine time later.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LoginRefused {
    pub(crate) text: String,
    pub(crate) delay: u64,
}

/// A granted login.
pub(crate) struct Granted {
    pub(crate) token: String,
    pub(crate) scope: &'static str,
}

/// What a bearer token is worth now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worth {
    /// Known to the API already.
    Session,
    /// Good, but never used: the API has to ask SSO.
    Fresh,
    NoScope,
    Nothing,
}

impl Sso {
    pub(crate) fn new(user: &str, password: &str, seed: u64) -> Sso {
        Sso {
            user: user.to_owned(),
            password: password.to_owned(),
            tokens: BTreeMap::new(),
            failures: 0,
            locked_until: None,
            issued: 0,
            seed,
        }
    }

    /// Checks a password at engine time `now`.
    pub(crate) fn login(&mut self, now: u64, user: &str, password: &str, api: bool) -> Result<Granted, LoginRefused> {
        let refused = |who: &str, why: &str, delay| {
            Err(LoginRefused { text: format!("Cannot authenticate user '{who}': {why}."), delay })
        };
        let profile = self.user.rsplit_once('@').map_or("internal", |(_, profile)| profile);
        match user.rsplit_once('@') {
            None => return refused(&format!("{user}@N/A"), "No valid profile found in credentials.", 0),
            Some((_, given)) if given != profile => {
                return refused(user, "No valid profile found in credentials.", 0);
            }
            Some(_) => {}
        }
        if user == self.user && self.locked_until.is_some_and(|until| now < until) {
            let why =
                "Unable to log in because the user account is disabled or locked. Contact the system administrator.";
            return refused(user, why, REFUSAL_DELAY_MS);
        }
        if user != self.user || password != self.password {
            if user == self.user {
                self.failures += 1;
                if self.failures >= STRIKES {
                    self.locked_until = Some(now + LOCK_MS);
                    self.failures = 0;
                }
            }
            let why = "Unable to log in. Verify your login information or contact the system administrator.";
            return refused(user, why, REFUSAL_DELAY_MS);
        }
        self.failures = 0;
        self.locked_until = None;
        Ok(self.issue(now, api))
    }

    fn issue(&mut self, now: u64, api: bool) -> Granted {
        self.issued += 1;
        let token = token_text(self.seed, self.issued);
        self.tokens.insert(token.clone(), Session { api, last_use: now, known: false });
        Granted { token, scope: if api { GRANTED_SCOPE } else { "" } }
    }

    /// What `token` is worth, without using it.
    pub(crate) fn worth(&mut self, now: u64, token: &str) -> Worth {
        self.tokens.retain(|_, session| now.saturating_sub(session.last_use) <= IDLE_MS);
        match self.tokens.get(token) {
            None => Worth::Nothing,
            Some(session) if !session.api => Worth::NoScope,
            Some(session) if session.known => Worth::Session,
            Some(_) => Worth::Fresh,
        }
    }

    /// Marks a request of the API by `token`.
    pub(crate) fn touch(&mut self, now: u64, token: &str) {
        if let Some(session) = self.tokens.get_mut(token) {
            session.last_use = now;
            session.known = true;
        }
    }

    /// Ends one session; an unknown token is fine.
    pub(crate) fn logout(&mut self, token: &str) {
        self.tokens.remove(token);
    }

    /// Ends all sessions, as an engine restart does. The account's lock is in the database and stays.
    pub(crate) fn forget_all(&mut self) {
        self.tokens.clear();
    }

    pub(crate) fn sessions(&self) -> usize {
        self.tokens.len()
    }
}

impl fmt::Debug for Sso {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sso").field("user", &self.user).field("sessions", &self.tokens.len()).finish_non_exhaustive()
    }
}

/// 86 url-safe characters that follow from seed and number: no randomness, no secrets.
fn token_text(seed: u64, number: u64) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut state = seed ^ number.wrapping_mul(0xA076_1D64_78BD_642F);
    let mut text = String::with_capacity(86);
    while text.len() < 86 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push(char::from(LETTERS[(state >> 58) as usize]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sso() -> Sso {
        Sso::new("admin@internal", "secret", 1)
    }

    #[test]
    fn five_wrong_passwords_lock_the_account_for_an_hour() {
        let mut sso = sso();
        for _ in 0..5 {
            let refused = sso.login(0, "admin@internal", "wrong", true).err().unwrap();
            assert!(refused.text.contains("Verify your login information"));
            assert_eq!(refused.delay, 5_000);
        }
        let locked = sso.login(1_000, "admin@internal", "secret", true).err().unwrap();
        assert!(locked.text.contains("disabled or locked"));
        assert!(sso.login(LOCK_MS, "admin@internal", "secret", true).is_ok());
    }

    #[test]
    fn a_success_resets_the_run_of_failures() {
        let mut sso = sso();
        for _ in 0..3 {
            for _ in 0..4 {
                assert!(sso.login(0, "admin@internal", "wrong", true).is_err());
            }
            assert!(sso.login(0, "admin@internal", "secret", true).is_ok());
        }
    }

    #[test]
    fn a_name_without_a_known_profile_is_refused_at_once() {
        let mut sso = sso();
        let text = sso.login(0, "admin", "secret", true).err().unwrap();
        assert_eq!(text.text, "Cannot authenticate user 'admin@N/A': No valid profile found in credentials..");
        assert_eq!(text.delay, 0);
    }

    #[test]
    fn tokens_die_idle_by_logout_and_with_the_engine() {
        let mut sso = sso();
        let first = sso.login(0, "admin@internal", "secret", true).ok().unwrap().token;
        assert_eq!(sso.worth(0, &first), Worth::Fresh);
        sso.touch(IDLE_MS, &first);
        assert_eq!(sso.worth(2 * IDLE_MS, &first), Worth::Session);
        assert_eq!(sso.worth(2 * IDLE_MS + 1, &first), Worth::Nothing);
        let second = sso.login(0, "admin@internal", "secret", false).ok().unwrap().token;
        assert_eq!(sso.worth(0, &second), Worth::NoScope);
        sso.forget_all();
        assert_eq!(sso.worth(0, &second), Worth::Nothing);
    }
}
