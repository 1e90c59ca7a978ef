//! A refused credential: what is the matter with it, and what to do.

use crate::closure::decision::Decision;
use crate::closure::observation::{Obstacle, Question, Refused};

/// Blocked by what the token endpoint says of the credential with which the question is asked.
pub fn refused(question: Question, refused: Refused) -> Decision {
    let (matter, remedy) = match refused {
        Refused::TenantUnknown => return tenant_unknown(question),
        Refused::OtherTenant if !matches!(question, Question::Subscriptions | Question::Rights) => {
            return other_tenant();
        }
        Refused::OtherTenant => (
            ": it gives a token for another tenant than its block names",
            "Put the credential of an application of that tenant into the Secret",
        ),
        Refused::SecretWrong => (
            ": the client secret is not one of the application's",
            "Put a client secret of the application into the Secret that the closure names: its value, not its id",
        ),
        Refused::SecretExpired => (
            ": the client secret has expired",
            "Make a new client secret of the application and put its value into the Secret that the closure names",
        ),
        Refused::CertificateUnreadable => (
            ": no certificate with an RSA key of 2,048 to 4,096 bits can be read in it",
            "Put the certificate and its private key, both PEM, into clientCertificate of the Secret that the closure names",
        ),
        Refused::CertificateOfAnotherKey => (
            ": the private key is none of the certificate's",
            "Put the certificate together with its own private key into clientCertificate of the Secret that the closure names",
        ),
        Refused::CertificateUnknown => (
            ": the certificate is not one of the application's, or has expired",
            "Add the certificate to the application (Certificates & secrets), or put the one that is there, with its key, \
             into the Secret that the closure names",
        ),
        Refused::AssertionTime => (
            ": what was signed is not within its time",
            "Set the clock of the operator's node right; where workload identity is used, see that its token is renewed",
        ),
        Refused::FederatedTokenUnreadable => (
            ": the operator finds no token of its own in the cluster",
            "Install the chart with workloadIdentity.enabled=true, and see that the token is mounted into the operator's pod",
        ),
        Refused::FederationUnknown => (
            ": the application trusts no token of this cluster's service account",
            "Add a federated credential to the application: the issuer of this cluster, the operator's service account as \
             subject, and the audience of its token",
        ),
        Refused::ApplicationUnknown => (
            ": the tenant does not know the application",
            "Put the credential of an application of this tenant into the Secret that the closure names, or give this one \
             admin consent there",
        ),
        Refused::ApplicationDisabled => (
            ": the application is disabled in the tenant",
            "Let users sign in to the application again (Enterprise applications, Properties)",
        ),
        Refused::NotConsented => (
            ": nobody has consented in the tenant to what the application asks for",
            "Grant the application admin consent in the tenant (Enterprise applications, Permissions, Grant admin consent); \
             kubectl tenant-closure access script prints the link",
        ),
        Refused::ForeignAccount => (
            ": it is an account of another directory, a guest or a personal account",
            "Put the credential of an application that the tenant knows into the Secret that the closure names: no account of \
             a person serves, and none of another directory",
        ),
        Refused::SignInEnded => (
            ": the sign-in that it rests on has ended",
            "Put a client secret or a certificate of the application into the Secret that the closure names: those last until \
             their own date, a sign-in that was kept does not",
        ),
        Refused::Otherwise => (
            "",
            "Put a valid credential of the application into the Secret that the closure names, and check that the \
             application is enabled in the tenant",
        ),
    };
    // Other blocks than spec.credentials name credentials for these.
    let (which, where_else) = match question {
        Question::Subscriptions => (
            "a credential with which subscriptions are read",
            ". Look at the Secrets that spec.billing.accounts names, too: each must hold a credential of an application of the \
             tenant that its block names",
        ),
        Question::Rights => (
            "a credential with which Azure is asked",
            ". Look at the Secrets that spec.billing.accounts and spec.directory name, too: each must hold a credential of an \
             application of the tenant that its block names",
        ),
        _ => ("the credential", ""),
    };
    let message = match refused {
        // Nothing was sent to Microsoft.
        Refused::CertificateUnreadable
        | Refused::CertificateOfAnotherKey
        | Refused::FederatedTokenUnreadable => {
            format!("Nothing can be proven with {which}{matter}")
        }
        _ => format!("Microsoft does not accept {which}{matter}"),
    };
    Obstacle::new(
        "CredentialRefused",
        message,
        format!("{remedy}{where_else}"),
    )
    .blocks()
}

fn tenant_unknown(question: Question) -> Decision {
    let (which, where_to_look) = match question {
        Question::Subscriptions => (
            "the tenant that a billing account names",
            "the tenantId of each of spec.billing.accounts",
        ),
        Question::Rights => (
            "the tenant that a billing account or spec.directory names",
            "the tenantId of each of spec.billing.accounts, and spec.directory.resourceTenantId",
        ),
        _ => ("a tenant with this id", "spec.tenant.id"),
    };
    Obstacle::new(
        "TenantNotFound",
        format!("Microsoft does not know {which} in this cloud"),
        format!(
            "Check {where_to_look} and spec.tenant.cloud; where one is wrong, delete the closure and create it with the right ones"
        ),
    )
    .blocks()
}

/// The token, or the tenant itself, names another tenant than the closure does.
pub fn other_tenant() -> Decision {
    Obstacle::new(
        "TenantMismatch",
        "The credential belongs to another tenant than spec.tenant.id",
        "Correct the credential, or delete the closure and create it with the right id",
    )
    .blocks()
}
