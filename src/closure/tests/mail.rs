//! Nothing is taken away while DNS leads mail to this tenant, or nobody can tell, unless that is accepted by name.

use super::*;
use crate::closure::intent::Action;
use crate::closure::mail::{Lead, MailDomain};
use crate::closure::observation::{Obstacle, Why};

const MX: &str = "contoso-nl.mail.protection.outlook.com.";
const SPF: &str = "v=spf1 include:spf.protection.outlook.com -all";

fn quiet() -> MailDomain {
    MailDomain {
        domain: "contoso.nl".into(),
        mx: Ok(vec!["mx.elsewhere.example.".into()]),
        autodiscover: Ok(Vec::new()),
        texts: Ok(vec!["MS=ms1".into()]),
    }
}

fn arriving() -> MailDomain {
    MailDomain {
        mx: Ok(vec![MX.into()]),
        texts: Ok(vec![SPF.into()]),
        ..quiet()
    }
}

fn unread() -> MailDomain {
    MailDomain {
        autodiscover: Err(Why::Unavailable),
        ..quiet()
    }
}

fn with(mail: Vec<MailDomain>) -> World {
    World::new(3).with(|world| world.mail = mail)
}

fn stands(run: &mut Run) -> Decided {
    run.until(false, 3, |d| {
        !matches!(d.decision, Decision::MakePlan { .. })
    })
}

fn blocked(decided: &Decided) -> &Obstacle {
    let Decision::Blocked(list) = &decided.decision else {
        panic!("not blocked: {decided:?}")
    };
    assert_eq!(list[0].reason, "MailStillArrives");
    &list[0]
}

#[test]
fn it_blocks_until_dns_has_changed() {
    let mut run = Run::of(with(vec![arriving()]));
    let decided = stands(&mut run);
    let told = blocked(&decided);
    assert!(!told.message.contains("could not be read"));
    let row = &decided.blockers[0];
    assert_eq!(
        (row.check.as_str(), row.state),
        ("Mail contoso.nl", "failed")
    );
    assert!(row.remedy.starts_with("MX, SPF still lead to Microsoft"));
    assert!(
        !row.remedy.contains("outlook"),
        "what DNS says is others' text"
    );
    assert_eq!(decided.standings["PreconditionsMet"].status, Some(false));
    run.world.mail = vec![quiet()];
    assert!(matches!(stands(&mut run).decision, Decision::Act(_)));
}

#[test]
fn the_text_is_the_same_for_any_domain() {
    let text = |mail: Vec<MailDomain>| {
        let decided = stands(&mut Run::of(with(mail)));
        blocked(&decided).message.clone()
    };
    let other = MailDomain {
        domain: "other.example".into(),
        ..arriving()
    };
    assert_eq!(text(vec![arriving()]), text(vec![other, arriving()]));
    assert_ne!(text(vec![arriving()]), text(vec![unread()]));
    assert_ne!(text(vec![unread()]), text(vec![unread(), arriving()]));
}

#[test]
fn what_cannot_be_read_is_not_no_mail() {
    for why in [Why::Unavailable, Why::Malformed, Why::Unsupported] {
        for lead in Lead::ALL {
            let mut domain = quiet();
            match lead {
                Lead::Mx => domain.mx = Err(why),
                Lead::Autodiscover => domain.autodiscover = Err(why),
                Lead::Spf => domain.texts = Err(why),
            }
            let mut run = Run::of(with(vec![domain]));
            let decided = stands(&mut run);
            assert!(blocked(&decided).message.contains("Nobody can tell"));
            let row = &decided.blockers[0];
            assert_eq!(row.state, "unknown");
            let says = format!("{} could not be read", lead.name());
            assert!(row.remedy.starts_with(&says), "{}", row.remedy);
        }
    }
}

#[test]
fn accepted_by_name_nobody_asks() {
    for mail in [arriving(), unread()] {
        let mut run = Run::of(with(vec![mail]));
        run.world
            .terms
            .accepted
            .push(crate::closure::fixtures::accepted("MailStillArrives"));
        assert!(matches!(stands(&mut run).decision, Decision::Act(_)));
        assert!(!run.world.questions.contains_key(&Question::Mail));
    }
}

#[test]
fn it_is_looked_at_again_right_before_the_first_user_and_not_after() {
    let mut run = planned(with(vec![quiet()]));
    run.world.mail = vec![arriving()];
    blocked(&run.cycle(false));
    assert!(run.world.deleted.is_empty());
    run.world.mail = vec![quiet()];
    assert!(matches!(run.cycle(false).decision, Decision::Act(_)));
    assert!(run.memory.destroying_since.is_some());
    run.world.mail = vec![arriving()];
    let asked = run.world.questions[&Question::Mail];
    assert!(!matches!(run.cycle(false).decision, Decision::Blocked(_)));
    assert_eq!(run.world.questions[&Question::Mail], asked);
}

#[test]
fn it_is_looked_at_while_sync_is_switched_off() {
    let mut run = planned(with(vec![quiet()]).with(|world| world.sync = true));
    let Decision::Act(intent) = run.cycle(false).decision else {
        panic!()
    };
    assert_eq!(intent.action, Action::SwitchSyncOff);
    run.world.mail = vec![arriving()];
    blocked(&run.cycle(false));
}

#[test]
fn mode_plan_tells_it_and_blocks_nothing() {
    let world = with(vec![arriving()]).with(|world| world.terms.mode = Mode::Plan);
    let decided = stands(&mut Run::of(world));
    assert_eq!(decided.decision, Decision::Planned);
    assert_eq!(decided.blockers[0].check, "Mail contoso.nl");
}
