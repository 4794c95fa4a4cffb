# The subjects that discfg refuses on the command line as well: those that more than one ref or environment of a
# repository has, and those that are no subject of their issuer. Subjects of other issuers can't be judged.
locals {
  github_subject      = "^repo:([A-Za-z0-9._-]+/[A-Za-z0-9._-]+|[A-Za-z0-9._-]+@[0-9]+/[A-Za-z0-9._-]+@[0-9]+):(environment:[^*?,$:[:cntrl:]]+|ref:refs/[^*?,$[:cntrl:]]+)$"
  gitlab_environment  = "^project_path:[^:/]+(/[^:/]+)+(:[a-z_]+:[^:]+)*:(environment|ref_path):[^:]+(:[a-z_]+:[^:]+)*$"
  gitlab_ref          = "^project_path:[^:/]+(/[^:/]+)+(:[a-z_]+:[^:]+)*:ref:[^:]+(:[a-z_]+:[^:]+)*$"
  gitlab_ref_type     = "^project_path:[^:/]+(/[^:/]+)+(:[a-z_]+:[^:]+)*:ref_type:(branch|tag)(:[a-z_]+:[^:]+)*$"
  kubernetes_subject  = "^system:serviceaccount:[a-z0-9]([a-z0-9-]*[a-z0-9])?:[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*$"
  github_provider     = "^token[.]actions[.]githubusercontent[.]com(/|$)"
  gitlab_provider     = "^gitlab[.]com(/|$)"
  kubernetes_provider = "^oidc[.]eks[.]"

  oidc_subjects = flatten([
    for text in [var.first_oidc, var.second_oidc, var.third_oidc] : [
      for subject in split(",", try(split("|", text)[2], "")) : {
        issuer  = split("|", text)[0]
        subject = subject
      }
    ] if text != ""
  ])

  refused_github_subjects = [
    for subject in var.github_subjects : subject if !can(regex(local.github_subject, subject))
  ]
  refused_oidc_subjects = [
    for it in local.oidc_subjects : it.subject if !(
      can(regex(local.github_provider, it.issuer)) || startswith(it.subject, "repo:")
      ? can(regex(local.github_subject, it.subject))
      : can(regex(local.gitlab_provider, it.issuer)) || startswith(it.subject, "project_path:")
      ? can(regex(local.gitlab_environment, it.subject)) || (
        can(regex(local.gitlab_ref, it.subject)) && can(regex(local.gitlab_ref_type, it.subject))
      )
      : can(regex(local.kubernetes_provider, it.issuer)) || startswith(it.subject, "system:")
      ? can(regex(local.kubernetes_subject, it.subject))
      : true
    )
  ]
}
