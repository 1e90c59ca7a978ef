//! What the guards ask before every effect, in one `$batch`: who the tenant says it is, who we are in it, who stays. It
//! rides along with the look back after a slice, so that the next slice can start at once.

use super::batch::Item;
use super::batch_read::{self, Body};
use super::failure::Failure;
use super::features::Feature;
use super::graph::roles::GlobalAdministrators;
use super::graph::{
    STABLE, administrators, ends, groups, identity, methods, objects, organization, roles,
};
use super::live::LiveTenant;
use super::wire::Line;
use crate::closure::access::ends::Ends;
use crate::closure::id::ObjectId;
use crate::closure::observation::{Administrator, Fact, Holding, Observation, Question, Why};
use crate::closure::tenant::Scope;
use std::collections::{BTreeMap, BTreeSet};

/// The questions that are answered here.
pub(super) const GUARDS: [Question; 4] = [
    Question::Organization,
    Question::Identity,
    Question::Administrators,
    Question::AdministratorGroups,
];

/// What one item of the `$batch` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ask {
    Organization,
    Own,
    OwnRoles,
    OwnEnds,
    Registration,
    Assigned,
    Eligible,
    Scheduled,
    Everybody,
    Retained,
    Methods,
    Spare,
    Members(usize),
    Shown(usize),
}

/// What is read besides: which of these objects are still shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Besides<'a> {
    /// The ids, at most a few thousand.
    pub(super) ids: &'a [ObjectId],
    /// Their types, as `getByIds` names them.
    pub(super) types: &'a [&'a str],
}

/// What was read.
pub(super) struct Found {
    /// Holders of Global Administrator; also a listing of users needs them.
    pub(super) holders: Result<GlobalAdministrators, Failure>,
    /// Those of [`Besides::ids`] that are shown, with their type.
    pub(super) shown: Result<BTreeMap<ObjectId, String>, Failure>,
}

impl Default for Found {
    /// Nothing was asked.
    fn default() -> Self {
        Self {
            holders: Ok(GlobalAdministrators::default()),
            shown: Ok(BTreeMap::new()),
        }
    }
}

impl LiveTenant {
    /// Answers those of `questions` that are the guards', and what is asked besides, in one `$batch` where it fits.
    pub(super) async fn guard_reads(
        &self,
        line: &Line<'_>,
        scope: &Scope,
        questions: &[Question],
        besides: Besides<'_>,
        into: &mut Observation,
    ) -> Found {
        let own = self.own_principal.get().copied();
        let asks = Asks {
            questions,
            own,
            methods: Feature::AuthenticationMethods.is_in(self.cloud),
        };
        let read = match asked(line, scope, asks, besides) {
            Ok((asks, items)) => batch_read::read(line, STABLE, &items)
                .await
                .map(|bodies| asks.into_iter().zip(bodies).collect()),
            Err(failure) => Err(failure),
        };
        let mut answers = Answers(read);
        let told = [Ask::Assigned, Ask::Eligible, Ask::Scheduled].map(|ask| answers.take(ask));
        let holders = match told {
            [Some(assigned), Some(eligible), Some(scheduled)] => {
                roles::told_holders(line, assigned, eligible, scheduled).await
            }
            _ => Ok(GlobalAdministrators::default()),
        };
        for question in questions {
            match question {
                Question::Organization => {
                    let told = answers.or_failed(Ask::Organization);
                    into.organization = organization::told(told).into();
                }
                Question::Identity => {
                    into.identity = self.identity(line, own, &mut answers).await.into();
                }
                Question::Ends => into.ends = self.ends(line, &mut answers).await.into(),
                Question::Administrators => {
                    let mut who = |ask| match &holders {
                        Ok(holders) => administrators::told(answers.or_failed(ask), holders),
                        Err(failure) => Err(failure.clone()),
                    };
                    into.global_administrators = match &holders {
                        Ok(holders) => Fact::Known(holders.all()),
                        Err(failure) => Fact::Unreadable(failure.why()),
                    };
                    into.role_schedules = match &holders {
                        Ok(holders) => holders.schedules.clone(),
                        Err(failure) => Fact::Unreadable(failure.why()),
                    };
                    let retained = who(Ask::Retained);
                    into.spare = match scope.spare {
                        Some(_) => who(Ask::Spare).into(),
                        None => Fact::Known(None),
                    };
                    let mut retained = with_billing(line, retained).await;
                    if let Ok(Some(one)) = &mut retained {
                        one.second_factor = second_factor(line, &mut answers).await;
                    }
                    into.retained = retained.into();
                }
                Question::AdministratorGroups => {
                    let all = 0..scope.groups.len();
                    let told = all.map(|place| answers.or_failed(Ask::Members(place)));
                    let members = groups::told(line, &scope.groups, told.collect()).await;
                    into.group_administrators = members.into();
                }
                Question::RoleHolders => {
                    let told = answers.or_failed(Ask::Everybody);
                    into.role_holders = roles::told_persons(line, told).await.into();
                }
                _ => {}
            }
        }
        let shown = match answers.shown(besides.ids) {
            Err(failure) if failure.lacks_right() => {
                objects::told_one_by_one(line, besides.ids, besides.types).await
            }
            told => told,
        };
        Found { holders, shown }
    }

    /// The first time our object id is not known yet, so the roles are asked for afterwards.
    async fn identity(
        &self,
        line: &Line<'_>,
        known: Option<ObjectId>,
        answers: &mut Answers,
    ) -> Result<crate::closure::observation::Identity, Failure> {
        let own = identity::told(answers.or_failed(Ask::Own))?;
        let body = match answers.take(Ask::OwnRoles) {
            Some(body) if known == Some(own) => body,
            _ => {
                let asked = [roles::of_principal(line, own)?];
                let mut bodies = batch_read::read(line, STABLE, &asked).await?;
                bodies.pop().unwrap_or_else(unanswered)
            }
        };
        // A principal that was made anew has another id: the cell keeps the first, and the roles are asked for apart.
        let _ = self.own_principal.set(own);
        let held: Result<BTreeSet<ObjectId>, Failure> = roles::told_roles(line, own, body).await;
        identity::assemble(line, own, held).await
    }

    /// Likewise. Our object id was read by now, as far as it can be.
    async fn ends(&self, line: &Line<'_>, answers: &mut Answers) -> Result<Ends, Failure> {
        let registration = answers.or_failed(Ask::Registration);
        let own = match self.own_principal.get() {
            Some(own) => *own,
            None => identity::told(answers.or_failed(Ask::Own))?,
        };
        let body = if let Some(body) = answers.take(Ask::OwnEnds) {
            body
        } else {
            let asked = [roles::ends_of_principal(line, own)?];
            let mut bodies = batch_read::read(line, STABLE, &asked).await?;
            bodies.pop().unwrap_or_else(unanswered)
        };
        ends::told(line, registration, roles::told_ends(line, own, body).await)
    }
}

/// One who is no Global Administrator may still be able to end subscriptions.
async fn with_billing(
    line: &Line<'_>,
    found: Result<Option<Administrator>, Failure>,
) -> Result<Option<Administrator>, Failure> {
    let mut found = found?;
    if let Some(one) = &mut found
        && one.global_administrator == Holding::None
        && roles::bills(line, one.id).await?
    {
        one.global_administrator = Holding::BillingOnly;
    }
    Ok(found)
}

/// Only of the one who finishes; where it is not offered nobody asked.
async fn second_factor(line: &Line<'_>, answers: &mut Answers) -> Fact<bool> {
    match answers.take(Ask::Methods) {
        Some(body) => methods::told(line, body).await.into(),
        None => Fact::Unreadable(Why::Unsupported),
    }
}

fn unanswered() -> Body {
    Err(Failure::transport("Unanswered"))
}

/// What is to be asked.
#[derive(Clone, Copy)]
struct Asks<'a> {
    questions: &'a [Question],
    /// The object id of our service principal, where it is known already.
    own: Option<ObjectId>,
    /// Methods of signing in can be read in this cloud.
    methods: bool,
}

/// The items that answer the questions, and what each asks for.
fn asked(
    line: &Line<'_>,
    scope: &Scope,
    asks: Asks<'_>,
    besides: Besides<'_>,
) -> Result<(Vec<Ask>, Vec<Item>), Failure> {
    let Asks { questions, own, .. } = asks;
    let mut all: Vec<(Ask, Item)> = Vec::new();
    let shown = objects::items(line, besides.ids, besides.types)?;
    all.extend((0..).map(Ask::Shown).zip(shown));
    if questions.contains(&Question::Organization) {
        all.push((Ask::Organization, organization::item(line)?));
    }
    let ends = questions.contains(&Question::Ends);
    if questions.contains(&Question::Identity) || (ends && own.is_none()) {
        all.push((Ask::Own, identity::item(line)?));
        if let Some(own) = own {
            all.push((Ask::OwnRoles, roles::of_principal(line, own)?));
        }
    }
    if ends {
        all.push((Ask::Registration, ends::item(line)?));
        if let Some(own) = own {
            all.push((Ask::OwnEnds, roles::ends_of_principal(line, own)?));
        }
    }
    let administrators = questions.contains(&Question::Administrators);
    if administrators || questions.contains(&Question::Users) {
        let asks = [Ask::Assigned, Ask::Eligible, Ask::Scheduled];
        all.extend(asks.into_iter().zip(roles::holders(line)?));
    }
    if questions.contains(&Question::AdministratorGroups) {
        // More than fit into one `$batch` make another.
        for (place, group) in scope.groups.iter().enumerate() {
            all.push((Ask::Members(place), groups::item(line, *group)?));
        }
    }
    if questions.contains(&Question::RoleHolders) {
        all.push((Ask::Everybody, roles::everybody(line)?));
    }
    if administrators {
        let retained = administrators::item(line, &scope.retained)?;
        all.push((Ask::Retained, retained));
        if asks.methods {
            all.push((Ask::Methods, methods::item(line, &scope.retained)?));
        }
        if let Some(name) = &scope.spare {
            all.push((Ask::Spare, administrators::item(line, name)?));
        }
    }
    Ok(all.into_iter().unzip())
}

/// The answers by what was asked, or why there is none at all.
struct Answers(Result<BTreeMap<Ask, Body>, Failure>);

impl Answers {
    /// `None`: it was not asked for.
    fn take(&mut self, ask: Ask) -> Option<Body> {
        match &mut self.0 {
            Ok(bodies) => bodies.remove(&ask),
            Err(failure) => Some(Err(failure.clone())),
        }
    }

    fn or_failed(&mut self, ask: Ask) -> Body {
        self.take(ask).unwrap_or_else(unanswered)
    }

    fn shown(&mut self, ids: &[ObjectId]) -> Result<BTreeMap<ObjectId, String>, Failure> {
        let mut found = BTreeMap::new();
        for (place, asked) in ids.chunks(objects::MOST).enumerate() {
            found.extend(objects::told(asked, self.or_failed(Ask::Shown(place)))?);
        }
        Ok(found)
    }
}
