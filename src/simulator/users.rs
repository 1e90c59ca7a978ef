//! The users of a tenant, a few dozen bytes each: names are worked out when they are asked for.

use std::collections::HashMap;

use uuid::Uuid;

use super::random::mix;

pub(crate) const GUEST: u8 = 1;
pub(crate) const DISABLED: u8 = 2;
pub(crate) const SYNCED: u8 = 4;
pub(crate) const RESTRICTED: u8 = 8;
pub(crate) const UNDELETABLE: u8 = 16;
pub(crate) const LICENSED: u8 = 32;
/// Gone from the recycle bin too.
pub(crate) const PURGED: u8 = 64;
/// The Authenticator app is registered: a second factor.
pub(crate) const AUTHENTICATOR: u8 = 128;

/// Virtual time that a deleted user stays in the recycle bin.
pub(crate) const BIN: i64 = 30 * 86_400_000;

pub(crate) const MFA_STATES: [&str; 3] = ["disabled", "enabled", "enforced"];

/// One user.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: Uuid,
    /// Real milliseconds since when the user is there (again); 0: from the start.
    pub(crate) created_at: i64,
    /// Real milliseconds; 0 while the user is there.
    pub(crate) deleted_at: i64,
    pub(crate) flags: u8,
    pub(crate) role: u8,
    /// Index into [`MFA_STATES`].
    pub(crate) mfa: u8,
}

impl User {
    pub(crate) fn is(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    pub(crate) fn alive(&self) -> bool {
        self.deleted_at == 0
    }
}

/// All users of a tenant, deleted ones included, in an order that never changes.
#[derive(Debug, Default)]
pub(crate) struct Users {
    pub(crate) all: Vec<User>,
    by_id: HashMap<Uuid, u32>,
    /// Display names given in turn; empty where they are made up.
    pub(crate) display: Vec<String>,
    /// Names that were given, by position.
    named: HashMap<u32, String>,
    /// Likewise, display names.
    called: HashMap<u32, String>,
    domain: String,
    alive: usize,
    seed: u64,
    /// Who changed, and when (real milliseconds), since the tenant was made.
    pub(crate) changes: Vec<(i64, u32)>,
    /// How many of them the bin has been told of.
    told: usize,
    /// Who is deleted for good, and when (virtual milliseconds).
    bin: std::collections::VecDeque<(i64, u32)>,
}

const FIRST: &[&str] = &[
    "ada", "bram", "chiara", "daan", "emma", "femke", "gijs", "hanna", "ines", "joris", "kees",
    "lotte", "mees", "noor", "olaf", "pien", "quinten", "roos", "sem", "tess", "umar", "vera",
    "wout", "xenia", "yara", "zoe",
];
const LAST: &[&str] = &[
    "bakker", "bos", "brouwer", "dekker", "dijkstra", "haan", "hendriks", "jansen", "koning",
    "kuiper", "meijer", "mulder", "peters", "prins", "smit", "visser", "vos", "willems",
];

impl Users {
    pub(crate) fn new(domain: &str, seed: u64) -> Self {
        Self {
            domain: domain.to_owned(),
            seed,
            ..Self::default()
        }
    }

    pub(crate) fn push(&mut self, user: User) {
        let position = self.all.len() as u32;
        self.by_id.insert(user.id, position);
        self.alive += 1;
        self.all.push(user);
    }

    /// Somebody who comes now: who that is, and where.
    pub(crate) fn come(&mut self, flags: u8, role: u8, now: i64) -> (Uuid, u32) {
        let (id, position) = (Uuid::new_v4(), self.len());
        self.push(User {
            id,
            created_at: now,
            deleted_at: 0,
            flags,
            role,
            mfa: 0,
        });
        self.touched(position, now);
        (id, position)
    }

    pub(crate) fn name(&mut self, position: u32, principal_name: String) {
        self.named.insert(position, principal_name);
    }

    pub(crate) fn call(&mut self, position: u32, display_name: String) {
        self.called.insert(position, display_name);
    }

    pub(crate) fn len(&self) -> u32 {
        self.all.len() as u32
    }

    pub(crate) fn alive(&self) -> usize {
        self.alive
    }

    pub(crate) fn get(&self, position: u32) -> Option<&User> {
        self.all.get(position as usize)
    }

    pub(crate) fn get_mut(&mut self, position: u32) -> Option<&mut User> {
        self.all.get_mut(position as usize)
    }

    pub(crate) fn position(&self, id: Uuid) -> Option<u32> {
        self.by_id.get(&id).copied()
    }

    /// By object id or user principal name.
    pub(crate) fn find(&self, text: &str) -> Option<u32> {
        if let Ok(id) = Uuid::parse_str(text) {
            return self.position(id);
        }
        // Of several with the same name at most one is there.
        let bearers = self.bearers(text);
        let there = |position: &u32| self.get(*position).is_some_and(User::alive);
        bearers
            .iter()
            .copied()
            .find(there)
            .or(bearers.first().copied())
    }

    /// All who have this user principal name, deleted ones too.
    fn bearers(&self, text: &str) -> Vec<u32> {
        let named = self.named.iter();
        let named = named.filter(|(_, name)| name.eq_ignore_ascii_case(text));
        let mut all: Vec<u32> = named.map(|(position, _)| *position).collect();
        let local = text.split(['@', '_']).next().unwrap_or_default();
        let digits = local.trim_start_matches(|letter: char| !letter.is_ascii_digit());
        let made_up = digits.parse().ok().filter(|position| {
            *position < self.len() && self.principal_name(*position).eq_ignore_ascii_case(text)
        });
        all.extend(made_up);
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Whether somebody besides `except` who is there has this name.
    pub(crate) fn taken(&self, name: &str, except: Option<u32>) -> bool {
        let mut others = self.bearers(name).into_iter();
        others.any(|at| Some(at) != except && self.get(at).is_some_and(User::alive))
    }

    /// Since when somebody is in the recycle bin (virtual milliseconds).
    pub(crate) fn binned_since(&self, position: u32) -> Option<i64> {
        let mut bin = self.bin.iter().rev();
        let found = bin.find(|(_, one)| *one == position);
        found.map(|(due, _)| due - BIN)
    }

    /// Takes somebody out of the recycle bin for good; whether he was there.
    pub(crate) fn purge(&mut self, position: u32, now: i64) -> bool {
        let user = self.all.get_mut(position as usize);
        let Some(user) = user.filter(|user| !user.alive() && !user.is(PURGED)) else {
            return false;
        };
        user.flags |= PURGED;
        self.changes.push((now, position));
        true
    }

    /// Marks a user deleted; whether that changed anything.
    pub(crate) fn delete(&mut self, position: u32, now: i64) -> bool {
        match self.all.get_mut(position as usize) {
            Some(user) if user.alive() => {
                user.deleted_at = now;
                self.alive -= 1;
                self.changes.push((now, position));
                true
            }
            _ => false,
        }
    }

    pub(crate) fn restore(&mut self, position: u32, now: i64) -> bool {
        match self.all.get_mut(position as usize) {
            Some(user) if !user.alive() && !user.is(PURGED) => {
                user.deleted_at = 0;
                user.created_at = now;
                self.alive += 1;
                self.changes.push((now, position));
                // Deleted again, he has thirty days anew.
                self.bin.retain(|(_, one)| *one != position);
                true
            }
            _ => false,
        }
    }

    /// Notes a change that is not a deletion: who asks for changes is told.
    pub(crate) fn touched(&mut self, position: u32, now: i64) {
        self.changes.push((now, position));
    }

    /// Empties the recycle bin of what has been in it for thirty days.
    pub(crate) fn expire(&mut self, virtual_now: i64, now: i64) {
        for (_, position) in &self.changes[self.told..] {
            if self
                .all
                .get(*position as usize)
                .is_some_and(|user| !user.alive())
            {
                self.bin.push_back((virtual_now + BIN, *position));
            }
        }
        self.told = self.changes.len();
        while self.bin.front().is_some_and(|(due, _)| *due <= virtual_now) {
            let Some((_, position)) = self.bin.pop_front() else {
                break;
            };
            if let Some(user) = self
                .all
                .get_mut(position as usize)
                .filter(|user| !user.alive() && !user.is(PURGED))
            {
                user.flags |= PURGED;
                self.changes.push((now, position));
                self.told += 1;
            }
        }
    }

    /// Lets so many virtual milliseconds pass for who is in the recycle bin.
    pub(crate) fn pass(&mut self, milliseconds: i64) {
        for (due, _) in &mut self.bin {
            *due -= milliseconds;
        }
    }

    pub(crate) fn given_and_surname(&self, position: u32) -> (&'static str, &'static str) {
        let dice = mix(self.seed ^ u64::from(position)) as usize;
        (FIRST[dice % FIRST.len()], LAST[(dice >> 16) % LAST.len()])
    }

    pub(crate) fn display_name(&self, position: u32) -> String {
        if let Some(name) = self.called.get(&position) {
            return name.clone();
        }
        if let Some(turn) = (position as usize).checked_rem(self.display.len()) {
            return self.display[turn].clone();
        }
        let (first, last) = self.given_and_surname(position);
        let large = |word: &str| format!("{}{}", word[..1].to_uppercase(), &word[1..]);
        format!("{} {} {position}", large(first), large(last))
    }

    pub(crate) fn principal_name(&self, position: u32) -> String {
        if let Some(name) = self.named.get(&position) {
            return name.clone();
        }
        let (first, last) = self.given_and_surname(position);
        if self.get(position).is_some_and(|user| user.is(GUEST)) {
            return format!(
                "{first}.{last}{position}_fabrikam.example#EXT#@{}",
                self.domain
            );
        }
        format!("{first}.{last}{position}@{}", self.domain)
    }

    pub(crate) fn positions(&self) -> impl Iterator<Item = (u32, &User)> {
        self.all
            .iter()
            .enumerate()
            .map(|(position, user)| (position as u32, user))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_id_and_by_name() {
        let mut users = Users::new("contoso.onmicrosoft.com", 1);
        for number in 0..50_u128 {
            let flags = if number % 7 == 0 { GUEST } else { 0 };
            users.push(User {
                id: Uuid::from_u128(number + 1),
                created_at: 0,
                deleted_at: 0,
                flags,
                role: 0,
                mfa: 0,
            });
        }
        users.name(3, "closer@contoso.onmicrosoft.com".to_owned());
        for position in 0..50 {
            let name = users.principal_name(position);
            assert_eq!(users.find(&name), Some(position), "{name}");
            assert_eq!(users.find(&name.to_uppercase()), Some(position));
        }
        assert_eq!(users.find(&Uuid::from_u128(50).to_string()), Some(49));
        assert_eq!(users.find("nobody99@contoso.onmicrosoft.com"), None);
        assert!(users.delete(4, 9) && !users.delete(4, 9));
        assert_eq!(users.alive(), 49);
        assert!(users.restore(4, 9) && !users.restore(4, 9));
    }
}
