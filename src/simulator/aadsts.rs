//! The codes with which a scenario lets a sign-in be refused, with status and error word:
//! <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>.

/// What a scenario lets the sign-in be refused with.
pub(super) fn scripted(code: u32) -> (u16, &'static str, &'static str) {
    match code {
        53_003 => (
            400,
            "invalid_grant",
            "Access has been blocked by Conditional Access policies.",
        ),
        50_076 => (
            400,
            "interaction_required",
            "You must use multi-factor authentication to access the resource.",
        ),
        65_001 => (
            400,
            "invalid_grant",
            "The user or administrator has not consented to use the application.",
        ),
        700_016 => (
            400,
            "unauthorized_client",
            "The application was not found in the directory.",
        ),
        7_000_112 => (401, "unauthorized_client", "The application is disabled."),
        7_000_215 => (401, "invalid_client", "Invalid client secret provided."),
        7_000_222 => (
            401,
            "invalid_client",
            "The provided client secret keys are expired.",
        ),
        // Who signs in is a guest, or of another company, and not known here.
        50_020 => (
            400,
            "invalid_grant",
            "User account from identity provider does not exist in tenant and cannot access the application in that tenant. The account needs to be added as an external user in the tenant first.",
        ),
        50_177 => (
            400,
            "invalid_grant",
            "User account from identity provider does not exist in tenant and cannot access the application in that tenant: external challenges are not supported for it.",
        ),
        70_021 => (
            400,
            "invalid_request",
            "No matching federated identity record found for presented assertion.",
        ),
        700_082 => (
            400,
            "invalid_grant",
            "The refresh token has expired due to inactivity.",
        ),
        900_023 => (
            400,
            "invalid_request",
            "Specified tenant identifier is neither a valid DNS name, nor a valid external domain.",
        ),
        50_196 => (
            400,
            "invalid_grant",
            "The server terminated an operation because it encountered a client request loop.",
        ),
        5_000_224 => (
            400,
            "invalid_tenant",
            "We are sorry, this resource is not available.",
        ),
        _ => (400, "invalid_request", "The request was refused."),
    }
}
