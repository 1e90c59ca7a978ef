$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true

# Signs in as an administrator, in this tenant and no other.
function Connect-Tenant([string]$Tenant, [string]$Environment, [string]$InitialDomain) {
  Connect-MgGraph -TenantId $Tenant -Environment $Environment -NoWelcome -Scopes @(
    'Application.ReadWrite.All', 'AppRoleAssignment.ReadWrite.All', 'RoleManagement.ReadWrite.Directory', 'Organization.Read.All', 'User.Read.All')
  if ((Get-MgContext).TenantId -ne $Tenant) { throw "signed in to another tenant than $Tenant" }
  if ($InitialDomain) {
    $initial = (Get-MgOrganization).VerifiedDomains | Where-Object IsInitial
    if ($initial.Name -ne $InitialDomain) { throw "the initial domain is $($initial.Name), not $InitialDomain" }
  }
}

# The same for az: billing and Azure RBAC.
function Connect-Azure([string]$Tenant, [string]$Cloud) {
  az cloud set --name $Cloud
  az login --tenant $Tenant --allow-no-subscriptions --output none
}

# The application that the Secret names, where there is one already. Nothing else is read of it.
function Get-ClientId([string]$Namespace, [string]$Secret) {
  $held = kubectl --namespace $Namespace get secret $Secret --ignore-not-found --output 'jsonpath={.data.clientId}'
  if ($held) { [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($held)).Trim() }
}

# The application by its id, or by its name; without -Existing it is made where there is none.
function Get-Identity([string]$ClientId, [string]$Name, [switch]$Existing, [switch]$MultiTenant) {
  if ($MultiTenant) { return Get-Guest $ClientId $Name -Existing:$Existing }
  $filter = if ($ClientId) { "appId eq '$ClientId'" } else { "displayName eq '$Name'" }
  $found = @(Get-MgApplication -Filter $filter)
  if ($found.Count -gt 1) { throw "several applications are named ${Name}: keep one" }
  if ($found.Count -eq 0) {
    if ($Existing) {
      Write-Warning "there is no application $Name $ClientId in this tenant: nothing is taken away"
      return $null
    }
    if ($ClientId) { throw "there is no application $ClientId in this tenant" }
    $found = @(New-MgApplication -DisplayName $Name -SignInAudience 'AzureADMyOrg')
  }
  $principal = Get-MgServicePrincipal -Filter "appId eq '$($found[0].AppId)'"
  if (-not $principal -and -not $Existing) { $principal = New-MgServicePrincipal -AppId $found[0].AppId }
  @{ AppId = $found[0].AppId; Application = $found[0]; Principal = $principal }
}

# An application that is registered in another tenant, once for many: here it has a service principal alone, made where there
# is none. Its registration is neither made nor changed, nor removed.
function Get-Guest([string]$ClientId, [string]$Name, [switch]$Existing) {
  if (-not $ClientId) { throw "which application is ${Name}? Put its id into the Secret, or print the script with --client-id" }
  $principal = Get-MgServicePrincipal -Filter "appId eq '$ClientId'"
  if (-not $principal) {
    if ($Existing) {
      Write-Warning "the application $ClientId has no service principal in this tenant: nothing is taken away"
      return $null
    }
    $principal = New-MgServicePrincipal -AppId $ClientId
  }
  @{ AppId = $ClientId; Application = $null; Principal = $principal }
}

# Of an application that is registered in another tenant only what is here goes.
function Remove-Guest($Identity) {
  if ($Identity.Principal.AppOwnerOrganizationId -eq (Get-MgContext).TenantId) {
    Write-Warning "$($Identity.Principal.DisplayName) is registered in this very tenant: it is left"
    return
  }
  Remove-MgServicePrincipal -ServicePrincipalId $Identity.Principal.Id -Confirm
}

function Get-Graph { Get-MgServicePrincipal -Filter "appId eq '00000003-0000-0000-c000-000000000000'" }

# The application asks for exactly these permissions. They are granted here, or, with -ByLink, by whoever opens the link. What is
# optional, and what this cloud has no name for, is left out: the operator does without it.
function Set-Permissions($Identity, [string]$Login, [string]$Tenant, [switch]$ByLink, [string]$RedirectUri, [string[]]$Names, [string[]]$Optional) {
  $graph = Get-Graph
  $wanted = @(foreach ($name in $Names) {
    $role = $graph.AppRoles | Where-Object { $_.Value -eq $name -and $_.AllowedMemberTypes -contains 'Application' }
    if (-not $role -and $Optional -contains $name) {
      Write-Warning "Microsoft Graph has no application permission $name in this cloud: the operator does without it"
      continue
    }
    if (-not $role) { throw "Microsoft Graph has no application permission $name in this cloud" }
    $role
  })
  $access = @($wanted | ForEach-Object { @{ Id = $_.Id; Type = 'Role' } })
  if ($Identity.Application) {
    Update-MgApplication -ApplicationId $Identity.Application.Id -RequiredResourceAccess @(@{ ResourceAppId = $graph.AppId; ResourceAccess = $access })
  }
  if ($ByLink) {
    $link = "$Login/$Tenant/adminconsent?client_id=$($Identity.AppId)"
    if ($RedirectUri) { $link += "&redirect_uri=$RedirectUri" }
    Write-Host "Admin consent: $link"
    if (-not $Identity.Application) { Write-Warning "the page grants all that the application's registration asks for: run this again without -ByLink to be told what is more than needed" }
    return
  }
  $held = @(Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $Identity.Principal.Id -All)
  foreach ($role in $wanted) {
    if ($held.AppRoleId -contains $role.Id) { continue }
    New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $Identity.Principal.Id -PrincipalId $Identity.Principal.Id -ResourceId $graph.Id -AppRoleId $role.Id | Out-Null
  }
  foreach ($one in $held | Where-Object { $wanted.Id -notcontains $_.AppRoleId }) {
    $name = ($graph.AppRoles | Where-Object Id -eq $one.AppRoleId).Value
    Write-Warning "more than needed: $($one.ResourceDisplayName) $name"
  }
}

function Remove-Permissions($Identity, [string[]]$Names) {
  $graph = Get-Graph
  $roles = @($graph.AppRoles | Where-Object { $Names -contains $_.Value })
  foreach ($one in @(Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $Identity.Principal.Id -All)) {
    if ($one.ResourceId -eq $graph.Id -and $roles.Id -contains $one.AppRoleId) {
      Remove-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $Identity.Principal.Id -AppRoleAssignmentId $one.Id
    }
  }
}

function Get-RoleAssignment([string]$Principal, [string]$Template) {
  Get-MgRoleManagementDirectoryRoleAssignment -Filter "principalId eq '$Principal' and roleDefinitionId eq '$Template'"
}

function Set-Role($Identity, [string]$Template) {
  if (Get-RoleAssignment $Identity.Principal.Id $Template) { return }
  New-MgRoleManagementDirectoryRoleAssignment -PrincipalId $Identity.Principal.Id -RoleDefinitionId $Template -DirectoryScopeId '/' | Out-Null
}

function Remove-Role($Identity, [string]$Template) {
  foreach ($one in @(Get-RoleAssignment $Identity.Principal.Id $Template)) {
    Remove-MgRoleManagementDirectoryRoleAssignment -UnifiedRoleAssignmentId $one.Id
  }
}

# Only looks: whoever stays must be Global Administrator, and is made one by a person.
function Test-Administrator([string]$Name) {
  $user = Get-MgUser -UserId $Name
  if (-not (Get-RoleAssignment $user.Id '62e90394-69f5-4237-9190-012177145e10')) {
    Write-Warning "$Name is not Global Administrator: assign the role, permanently"
  }
}

# The operator's own identity in the cluster: no secret at all.
function Set-Federation($Identity, [string]$Subject, [string]$Audience) {
  $issuer = (kubectl get --raw /.well-known/openid-configuration | ConvertFrom-Json).issuer
  $held = @(Get-MgApplicationFederatedIdentityCredential -ApplicationId $Identity.Application.Id)
  if ($held | Where-Object { $_.Issuer -eq $issuer -and $_.Subject -eq $Subject }) { return }
  New-MgApplicationFederatedIdentityCredential -ApplicationId $Identity.Application.Id -BodyParameter @{
    name = 'tenant-closure'; issuer = $issuer; subject = $Subject; audiences = @($Audience) } | Out-Null
}

# What signs in an application of another tenant is added to its registration there; here only the Secret is looked for.
function Test-Secret([string]$Tenant, [string]$Namespace, [string]$Secret) {
  if (Get-ClientId $Namespace $Secret) { return }
  Write-Warning "there is no Secret ${Secret}: put clientId and clientCertificate of the application there, and the label tenantclosure.dev/tenant-id=$Tenant"
}

# A certificate, whose key goes into the Secret and nowhere else; where there is a Secret, it signs in already.
function Set-Certificate($Identity, [string]$Tenant, [string]$Namespace, [string]$Secret) {
  if (Get-ClientId $Namespace $Secret) { return }
  if ($Identity.Application.KeyCredentials.Count -gt 0) {
    Write-Warning "$($Identity.Application.DisplayName) has a certificate, but there is no Secret ${Secret}: put it there"
    return
  }
  $folder = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid())
  New-Item -ItemType Directory -Path $folder | Out-Null
  try {
    $key = Join-Path $folder 'key.pem'
    $certificate = Join-Path $folder 'certificate.pem'
    $both = Join-Path $folder 'both.pem'
    openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj '/CN=tenant-closure' -keyout $key -out $certificate
    Get-Content $certificate, $key | Set-Content $both
    $public = [Security.Cryptography.X509Certificates.X509Certificate2]::CreateFromPem((Get-Content -Raw $certificate))
    Update-MgApplication -ApplicationId $Identity.Application.Id -KeyCredentials @(@{
      Type = 'AsymmetricX509Cert'; Usage = 'Verify'; Key = $public.RawData; DisplayName = 'CN=tenant-closure' })
    kubectl --namespace $Namespace create secret generic $Secret "--from-literal=clientId=$($Identity.AppId)" "--from-file=clientCertificate=$both"
    kubectl --namespace $Namespace label secret $Secret "tenantclosure.dev/tenant-id=$Tenant"
  } finally {
    Remove-Item -Recurse -Force $folder
  }
}

# A Customer Agreement's account, under its resource; several need a choice. Without one there is no role that could be given here,
# and the script goes on.
function Get-BillingAccount {
  $names = @(az billing account list --query "[?agreementType=='MicrosoftCustomerAgreement'].name" --output tsv)
  if ($BillingAccount) {
    $names = @($names | Where-Object { $_ -eq $BillingAccount })
    if ($names.Count -eq 0) { throw "there is no Customer Agreement account $BillingAccount that you may see" }
  }
  if ($names.Count -gt 1) { throw "choose one account with -BillingAccount: $names" }
  if ($names.Count -eq 0) {
    Write-Warning "you see no billing account under a Microsoft Customer Agreement. Run this again as one who has a role on it. By hand instead: of an Enterprise Agreement see https://learn.microsoft.com/azure/cost-management-billing/manage/assign-roles-azure-service-principals; an Online Services Program account has no role for an application, and what was bought through it is canceled by its account administrator"
    return $null
  }
  $arm = (az cloud show --query endpoints.resourceManager --output tsv).TrimEnd('/')
  "$arm/providers/Microsoft.Billing/billingAccounts/$($names[0])"
}

function Get-BillingRole([string]$Account, [string]$Role) {
  az rest --method get --url "$Account/billingRoleDefinitions?api-version=2024-04-01" --query "value[?properties.roleName=='$Role'].id | [0]" --output tsv
}

function Get-BillingAssignment([string]$Account, $Identity, [string]$Definition) {
  @(az rest --method get --url "$Account/billingRoleAssignments?api-version=2024-04-01" --query "value[?properties.principalId=='$($Identity.Principal.Id)' && properties.roleDefinitionId=='$Definition'].name" --output tsv)
}

function Set-BillingRole($Identity, [string]$Tenant, [string]$Role) {
  $account = Get-BillingAccount
  if (-not $account) {
    Write-Warning "by hand: $Role for the application $($Identity.AppId), on the billing account"
    return
  }
  $definition = Get-BillingRole $account $Role
  if (Get-BillingAssignment $account $Identity $definition) { return }
  $body = New-TemporaryFile
  @{ principalId = $Identity.Principal.Id; principalTenantId = $Tenant; roleDefinitionId = $definition } | ConvertTo-Json | Set-Content $body
  az rest --method post --url "$account/createBillingRoleAssignment?api-version=2024-04-01" --body "@$body" --output none
  Remove-Item $body
}

function Remove-BillingRole($Identity, [string]$Role) {
  $account = Get-BillingAccount
  if (-not $account) {
    Write-Warning "by hand, if it was given by hand: take $Role away from the application $($Identity.AppId)"
    return
  }
  foreach ($name in Get-BillingAssignment $account $Identity (Get-BillingRole $account $Role)) {
    az rest --method delete --url "$account/billingRoleAssignments/${name}?api-version=2024-04-01" --output none
  }
}

function Set-AzureRole($Identity, [string]$Role, [string]$Scope) {
  az role assignment create --assignee-object-id $Identity.Principal.Id --assignee-principal-type ServicePrincipal --role $Role --scope $Scope --output none
}

function Remove-AzureRole($Identity, [string]$Role, [string]$Scope) {
  az role assignment delete --assignee $Identity.Principal.Id --role $Role --scope $Scope
}

# Every Azure subscription of the tenant that is closed, and no other: az lists what other tenants have delegated too (Azure
# Lighthouse), with this tenant in tenantId, and their own in homeTenantId.
function Get-AzureScope([string]$Tenant) {
  $ids = @(az account list --all --query "[?tenantId=='$Tenant' && homeTenantId=='$Tenant'].id" --output tsv)
  if ($ids.Count -eq 0) { Write-Warning "you see no Azure subscription of the tenant ${Tenant}: where there are some, run this again as one who is Owner of them" }
  $ids | ForEach-Object { "/subscriptions/$_" }
}
