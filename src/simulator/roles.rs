//! Directory roles by template id, and which of them are privileged.

/// A directory role that the simulator knows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) name: &'static str,
    pub(crate) template: &'static str,
    pub(crate) privileged: bool,
}

const fn role(name: &'static str, template: &'static str, privileged: bool) -> Role {
    Role {
        name,
        template,
        privileged,
    }
}

pub(crate) const GLOBAL_ADMINISTRATOR: u8 = 1;
pub(crate) const PRIVILEGED_AUTHENTICATION: u8 = 4;
pub(crate) const PRIVILEGED_ROLE: u8 = 5;
pub(crate) const HYBRID_IDENTITY: u8 = 6;

/// Index 0 means no role.
pub(crate) const ROLES: &[Role] = &[
    role("", "", false),
    role(
        "Global Administrator",
        "62e90394-69f5-4237-9190-012177145e10",
        true,
    ),
    role(
        "Billing Administrator",
        "b0f54661-2d74-4c50-afa3-1ec803f12efe",
        false,
    ),
    role(
        "User Administrator",
        "fe930be7-5e62-47db-91af-98c3a49a38b1",
        false,
    ),
    role(
        "Privileged Authentication Administrator",
        "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
        true,
    ),
    role(
        "Privileged Role Administrator",
        "e8611ab8-c189-46e8-94e1-60213ab1f814",
        true,
    ),
    role(
        "Hybrid Identity Administrator",
        "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2",
        false,
    ),
    role(
        "Authentication Administrator",
        "c4e39bd9-1100-46d3-8c65-fb160da0071f",
        true,
    ),
    role(
        "Helpdesk Administrator",
        "729827e3-9c14-49f7-bb1b-9608f156bbb8",
        false,
    ),
    role(
        "Guest Inviter",
        "95e79109-95c0-4d8e-aee3-d01accf2d47b",
        false,
    ),
    role(
        "Directory Readers",
        "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",
        false,
    ),
    role(
        "Application Administrator",
        "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
        true,
    ),
    role(
        "Cloud Application Administrator",
        "158c047a-c907-4556-b7ef-446551a6b5f7",
        true,
    ),
    role(
        "Groups Administrator",
        "fdd7a751-b60b-444a-984c-02652fe8fa1c",
        false,
    ),
    role(
        "Domain Name Administrator",
        "8329153b-31d0-4727-b945-745eb3bc5f31",
        true,
    ),
    role(
        "Conditional Access Administrator",
        "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9",
        true,
    ),
    role(
        "Authentication Policy Administrator",
        "0526716b-113d-4c15-b2c8-68e3c22b9f80",
        false,
    ),
    role(
        "Global Reader",
        "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
        true,
    ),
];

/// The privileged roles that scenario users are given in turn.
pub(crate) const PRIVILEGED_CYCLE: &[u8] = &[5, 7, 11];
/// The low-privileged roles that scenario users are given in turn.
pub(crate) const LOW_CYCLE: &[u8] = &[8, 9, 10, 3];

pub(crate) fn known(code: u8) -> &'static Role {
    ROLES.get(usize::from(code)).unwrap_or(&ROLES[0])
}

/// By name or template id.
pub(crate) fn find(text: &str) -> Option<u8> {
    ROLES
        .iter()
        .position(|role| {
            !role.name.is_empty()
                && (role.name.eq_ignore_ascii_case(text)
                    || role.template.eq_ignore_ascii_case(text))
        })
        .and_then(|index| u8::try_from(index).ok())
}

/// Whether a service principal in `held` may delete a user in `target`.
///
/// A user without a role needs none; otherwise the same role, Privileged Authentication Administrator or Global Administrator, and for a
/// low-privileged role User Administrator too.
pub(crate) fn may_delete(held: &[u8], target: u8) -> bool {
    const USER_ADMINISTRATOR: u8 = 3;
    target == 0
        || held.contains(&target)
        || held.contains(&PRIVILEGED_AUTHENTICATION)
        || held.contains(&GLOBAL_ADMINISTRATOR)
        || (!known(target).privileged && held.contains(&USER_ADMINISTRATOR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_of_who_deletes_whom() {
        let [none, user, privileged, global] = [
            vec![],
            vec![3],
            vec![PRIVILEGED_AUTHENTICATION],
            vec![GLOBAL_ADMINISTRATOR],
        ];
        for (held, plain, low, high, admin) in [
            (&none, true, false, false, false),
            (&user, true, true, false, false),
            (&privileged, true, true, true, true),
            (&global, true, true, true, true),
            (&vec![5], true, false, true, false),
        ] {
            assert_eq!(
                [
                    may_delete(held, 0),
                    may_delete(held, 8),
                    may_delete(held, 5),
                    may_delete(held, 1)
                ],
                [plain, low, high, admin]
            );
        }
    }

    #[test]
    fn roles_are_found_by_name_and_by_template() {
        assert_eq!(find("global administrator"), Some(GLOBAL_ADMINISTRATOR));
        assert_eq!(
            find("7be44c8a-adaf-4e2a-84d6-ab2649e08a13"),
            Some(PRIVILEGED_AUTHENTICATION)
        );
        assert_eq!(find("Hybrid Identity Administrator"), Some(HYBRID_IDENTITY));
        assert_eq!(find(""), None);
    }
}
