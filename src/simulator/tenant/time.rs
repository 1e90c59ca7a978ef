//! What time does to a tenant.

use uuid::Uuid;

use super::super::clock::Clock;
use super::super::scenario::SubscriptionKind;
use super::super::users::{BIN, RESTRICTED};
use super::Tenant;

/// What time alone has changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    SyncOff,
    SubscriptionGone(Uuid),
    PrincipalGone(Uuid),
    Resurrected(Uuid),
    Deleted,
}

impl Tenant {
    /// Lets what is due happen.
    pub(crate) fn settle(&mut self, clock: &Clock) -> Vec<Change> {
        let now = clock.virtual_now();
        let mut changes = Vec::new();
        if self.deleted_at.is_some() {
            return changes;
        }
        if self.sync.on == Some(true) && self.sync.off_at.is_some_and(|at| at <= now) {
            self.sync.on = Some(false);
            changes.push(Change::SyncOff);
        }
        let real = clock.real();
        self.domains
            .retain(|one| one.gone_at.is_none_or(|at| at > real));
        self.users.expire(now, real);
        self.settle_grants(Some(real));
        self.expire(now);
        self.directory.expire(now);
        self.release(now);
        changes.extend(self.resurrect(now, clock.real()));
        for subscription in &mut self.subscriptions {
            if subscription.settle(now) {
                changes.push(Change::SubscriptionGone(subscription.id));
            }
        }
        let mut bought = self.subscriptions.iter();
        if bought.any(|one| one.kind == SubscriptionKind::Azure) && !self.azure_left() {
            changes.extend(self.end_managed_identities(real));
        }
        if self.deleting.is_some_and(|at| at <= now) {
            self.deleted_at = Some(clock.real());
            changes.push(Change::Deleted);
        }
        changes
    }

    /// Lets so many virtual milliseconds pass in this tenant alone: what is still to come is so much nearer, and what was is so
    /// much longer ago. Every virtual moment that a tenant keeps is among these.
    pub(crate) fn pass(&mut self, milliseconds: i64) {
        let dated = [&mut self.sync.off_at, &mut self.deleting];
        for moment in dated.into_iter().flatten() {
            *moment -= milliseconds;
        }
        let lists = [&mut self.released, &mut self.resurrections];
        for (moment, _) in lists.into_iter().flatten() {
            *moment -= milliseconds;
        }
        for (_, since) in &mut self.bin {
            *since -= milliseconds;
        }
        self.users.pass(milliseconds);
        self.directory.pass(milliseconds);
        for one in &mut self.subscriptions {
            one.shift(milliseconds);
        }
    }

    /// Each belongs to an Azure resource, and the last of these has gone with its subscription.
    fn end_managed_identities(&mut self, real: i64) -> Vec<Change> {
        let all = self.principals.iter_mut();
        let there = all.filter(|one| one.managed_identity && one.deleted_at == 0);
        there
            .map(|one| {
                one.deleted_at = real;
                Change::PrincipalGone(one.id)
            })
            .collect()
    }

    /// Empties the recycle bin of applications that have been in it for thirty days.
    fn expire(&mut self, now: i64) {
        let (applications, principals) = (&mut self.applications, &mut self.principals);
        self.bin.retain(|(id, since)| {
            let over = now - since >= BIN;
            if over {
                applications.retain(|one| one.id != *id || one.deleted_at == 0);
                principals.retain(|one| one.id != *id || one.deleted_at == 0);
            }
            !over
        });
    }

    /// The protection of whom a restricted unit let go ends some time later.
    fn release(&mut self, now: i64) {
        let users = &mut self.users;
        self.released.retain(|(due, position)| {
            let over = *due <= now;
            if let Some(user) = users.get_mut(*position).filter(|_| over) {
                user.flags &= !RESTRICTED;
            }
            !over
        });
    }

    /// Brings back who was deleted in the cloud while the directory on the premises still had him.
    fn resurrect(&mut self, now: i64, real: i64) -> Vec<Change> {
        let on = self.sync.on == Some(true);
        let mut back = Vec::new();
        let users = &mut self.users;
        self.resurrections.retain(|(due, position)| {
            let over = *due <= now;
            if over && on && users.restore(*position, real) {
                back.extend(
                    users
                        .get(*position)
                        .map(|user| Change::Resurrected(user.id)),
                );
            }
            !over
        });
        back
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::scenario::Scenario;
    use super::super::super::{populate, testing, world::World};
    use super::*;
    use serde_json::{Value, json};

    const SOLD: &str = "tenants: [{users: 9, subscriptions: [{kind: Partner, cancellableDays: 7, termEndDays: 300, autoRenew: false}]}]";

    fn made(text: &str) -> Tenant {
        populate::tenant(&Scenario::parse(text).unwrap().tenants[0], 1, 0)
    }

    #[test]
    fn a_tenant_that_is_added_later_has_its_whole_window_to_cancel() {
        let mut world = World::test("tenants: [{users: 1}]");
        world.clock.advance(100.0 * 86_400.0);
        let plan = Scenario::parse(SOLD).unwrap();
        let body: Value = json!(plan.tenants[0]);
        let reply = testing::control(&mut world, "POST", "/_sim/tenants", &body);
        assert_eq!(reply.status, 201);
        let id = world.tenants[1].id;
        let mut open_after = |days: f64| {
            let told = json!({ "seconds": days * 86_400.0, "tenant": id.to_string() });
            let reply = testing::control(&mut world, "POST", "/_sim/clock/advance", &told);
            assert_eq!(reply.status, 200);
            world.tenants[1].subscriptions[0].may_cancel()
        };
        let open = [open_after(0.0), open_after(6.9), open_after(0.2)];
        assert_eq!(open, [true, true, false]);
    }

    #[test]
    fn all_that_a_tenant_waits_for_comes_nearer() {
        let mut tenant = made(SOLD);
        let clock = Clock::fixed(1.0);
        tenant.sync.on = Some(true);
        tenant.sync.off_at = Some(HOUR);
        let restricted = tenant.users.get_mut(0).unwrap();
        restricted.flags |= RESTRICTED;
        tenant.released.push((HOUR, 0));
        for position in [1, 2] {
            tenant.users.delete(position, 1);
        }
        tenant.resurrections.push((HOUR / 2, 2));
        let application = tenant.applications[0].id;
        tenant.applications[0].deleted_at = 1;
        tenant.bin.push((application, 0));
        tenant.subscriptions[0].cancel(0);
        tenant.settle(&clock);
        assert!(tenant.applications.iter().any(|one| one.id == application));

        tenant.pass(HOUR / 2);
        let back = tenant.users.get(2).unwrap().id;
        assert_eq!(tenant.settle(&clock), [Change::Resurrected(back)]);
        tenant.pass(HOUR / 2);
        assert_eq!(tenant.settle(&clock), [Change::SyncOff]);
        assert!(!tenant.users.get(0).unwrap().is(RESTRICTED));
        let purged = |tenant: &Tenant| {
            let user = tenant.users.get(1).unwrap();
            user.is(super::super::super::users::PURGED)
        };
        assert!(!purged(&tenant));
        tenant.pass(BIN);
        tenant.settle(&clock);
        assert!(purged(&tenant));
        assert!(!tenant.applications.iter().any(|one| one.id == application));
        // What a view shows that is a day behind is a day behind here, too.
        let one = &tenant.subscriptions[0];
        assert!(one.seen(-(BIN + 2 * HOUR)).active() && !one.seen(-HOUR).active());
    }

    #[test]
    fn managed_identities_go_with_the_last_azure_subscription() {
        let azure = "{kind: Azure, disabledDays: 1}";
        let mut tenant = made(&format!(
            "tenants: [{{users: 1, managedIdentities: 2, subscriptions: [{azure}, {azure}, {{}}]}}]"
        ));
        let clock = Clock::fixed(1.0);
        let left = |tenant: &Tenant| {
            let all = tenant.principals.iter();
            all.filter(|one| one.managed_identity && one.blocks())
                .count()
        };
        for (number, wanted) in [(0, 2), (1, 0)] {
            tenant.subscriptions[number].cancel(0);
            tenant.pass(2 * 24 * HOUR);
            tenant.settle(&clock);
            assert_eq!(left(&tenant), wanted);
        }
    }

    const HOUR: i64 = 3_600_000;
}
