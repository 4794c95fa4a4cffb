// Who may assume which role, written by hand. A line is: config, role, who, with what, outcome (y or -).
//
// ACCOUNT is the config's account, OTHER the one that is trusted besides, THIRD one that nobody named. A principal of
// whom nothing else is said has a policy that allows it exactly this role. `without` has none that speaks of it, `wide`
// is allowed everything.

export const trust = `
# Principals that are named exactly, and those that look like them.
payments  read   ACCOUNT user/developer                                  ok       y
payments  read   ACCOUNT user/developer                                  wide     y
payments  read   ACCOUNT user/developer                                  without  -
payments  read   ACCOUNT user/developer2                                 ok       -
payments  read   ACCOUNT user/team/developer                             ok       -
payments  read   ACCOUNT user/admin                                      wide     -
payments  read   ACCOUNT role/developer                                  ok       -
payments  read   THIRD   user/developer                                  ok       -
payments  write  ACCOUNT user/developer                                  ok       -
payments  write  ACCOUNT role/deploy/release                             ok       y
payments  write  ACCOUNT role/release                                    ok       -
payments  read   ACCOUNT role/deploy/release                             ok       -

# Single sign-on: AWS makes these roles under a path of its own, with the region in it.
payments  read   ACCOUNT role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Dev_0a1b  ok       y
payments  read   ACCOUNT role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Dev_ffff     ok       y
payments  read   ACCOUNT role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Dev_0a1b  without  -
payments  read   ACCOUNT role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Ops_0a1b  ok       -
payments  read   ACCOUNT role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_0a1b               ok       -
payments  read   ACCOUNT role/AWSReservedSSO_Dev_0a1b                    ok       -
payments  read   ACCOUNT user/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Dev_0a1b  ok       -
payments  write  ACCOUNT role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Dev_0a1b  ok       -

# Another account, by organization and external id together.
payments  read   OTHER   role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Dev_0a1b  org,external        y
payments  read   OTHER   role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Dev_0a1b  org                 -
payments  read   OTHER   role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Dev_0a1b  external            -
payments  read   OTHER   role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Dev_0a1b  otherorg,external   -
payments  read   OTHER   role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Dev_0a1b  org,otherexternal   -
payments  read   OTHER   role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Dev_0a1b  org,external,without -
payments  read   OTHER   user/developer                                  org,external        -
payments  read   THIRD   role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Dev_0a1b  org,external        -

# By the organization alone, by the external id alone, and with neither: then the account isn't trusted.
orgonly   read   OTHER   user/anyone      org                y
orgonly   read   OTHER   user/anyone      org,without        -
orgonly   read   OTHER   user/anyone      ok                 -
orgonly   read   OTHER   user/anyone      otherorg           -
orgonly   write  OTHER   user/anyone      org                y
orgonly   read   THIRD   user/anyone      org                -
external  read   OTHER   user/anyone      external           y
external  read   OTHER   user/anyone      ok                 -
external  read   OTHER   user/anyone      otherexternal      -
external  write  OTHER   user/anyone      external           y
external  write  OTHER   user/anyone      otherexternal      -
external  read   THIRD   user/anyone      external           -
plain     read   OTHER   user/anyone      ok                 -
plain     read   OTHER   user/anyone      org,external       -

# Where no one is named, this account: that is, whom its own policies let.
plain     read   ACCOUNT user/anyone      ok                 y
plain     read   ACCOUNT role/any/where   ok                 y
plain     read   ACCOUNT role/any/where   without            -
plain     write  ACCOUNT user/anyone      ok                 y
plain     write  ACCOUNT user/anyone      without            -
plain     write  THIRD   user/anyone      ok                 -

# GitHub's jobs: exactly the subjects given, for AWS's audience, and only where they were given.
payments  read   github  repo:acme/shop:environment:production          aud       y
payments  read   github  repo:acme/shop:ref:refs/heads/main             aud       y
payments  read   github  repo:acme@12/web@34:ref:refs/heads/main        aud       y
payments  read   github  repo:acme/web:ref:refs/heads/main              aud       -
payments  read   github  repo:acme@12/web@35:ref:refs/heads/main        aud       -
payments  read   github  repo:acme/shop:ref:refs/heads/main2            aud       -
payments  read   github  repo:acme/shop:ref:refs/heads/dev              aud       -
payments  read   github  repo:acme/shop:ref:refs/tags/main              aud       -
payments  read   github  repo:acme/shop:pull_request                    aud       -
payments  read   github  repo:acme/shop:environment:staging             aud       -
payments  read   github  repo:acme/shop:environment:Production          aud       -
payments  read   github  repo:acme/shop2:ref:refs/heads/main            aud       -
payments  read   github  repo:evil/shop:environment:production          aud       -
payments  read   github  repo:acme/shop:environment:production          otheraud  -
payments  read   github  repo:acme/shop:environment:production          noaud     -
payments  read   google  repo:acme/shop:environment:production          aud       -
payments  write  github  repo:acme/shop:environment:production          aud       -
plain     read   github  repo:acme/shop:environment:production          aud       -

# Other issuers' tokens: exactly the subjects given, for the audience given, of the issuer that they were given with.
tokens    read   gitlab     project_path:acme/shop:ref_type:branch:ref:main       aud       y
tokens    read   gitlab     project_path:acme/shop:ref_type:tag:ref:v1            aud       y
tokens    read   gitlab     project_path:acme/shop:ref_type:branch:ref:main       ownaud    -
tokens    read   gitlab     project_path:acme/shop:ref_type:branch:ref:main       otheraud  -
tokens    read   gitlab     project_path:acme/shop:ref_type:branch:ref:main       noaud     -
tokens    read   gitlab     project_path:acme/shop:ref_type:branch:ref:dev        aud       -
tokens    read   gitlab     project_path:acme/shop:ref_type:branch:ref:main2      aud       -
tokens    read   gitlab     project_path:acme/shop:ref_type:tag:ref:main          aud       -
tokens    read   gitlab     project_path:fork/shop:ref_type:branch:ref:main       aud       -
tokens    read   gitlab     project_path:acme/web:ref_type:branch:ref:main        aud       -
tokens    read   gitlab     project_path:acme/web:ref_type:branch:ref:main        ownaud    -
tokens    read   gitlab     repo:acme/shop:environment:production                 aud       -
tokens    read   gitlab     system:serviceaccount:web:shop                        aud       -
tokens    read   selfhosted project_path:acme/shop:ref_type:branch:ref:main       aud       -
tokens    read   eks        system:serviceaccount:web:shop                        aud       y
tokens    read   eks        system:serviceaccount:web:shop                        otheraud  -
tokens    read   eks        system:serviceaccount:web:shop                        noaud     -
tokens    read   eks        system:serviceaccount:web:default                     aud       -
tokens    read   eks        system:serviceaccount:other:shop                      aud       -
tokens    read   eks        system:serviceaccount:web:shop2                       aud       -
tokens    read   othereks   system:serviceaccount:web:shop                        aud       -
tokens    read   github     system:serviceaccount:web:shop                        aud       -
tokens    read   github     project_path:acme/shop:ref_type:branch:ref:main       aud       -
tokens    write  gitlab     project_path:acme/shop:ref_type:branch:ref:main       aud       -
tokens    write  eks        system:serviceaccount:web:shop                        aud       -
plain     read   gitlab     project_path:acme/shop:ref_type:branch:ref:main       aud       -
payments  grant-pods  eks      system:serviceaccount:web:app                      aud       y
payments  grant-pods  eks      system:serviceaccount:web:shop                     aud       -
payments  grant-pods  othereks system:serviceaccount:web:app                      aud       -
payments  grant-pods  gitlab   project_path:acme/shop:ref_type:branch:ref:main    aud       -
payments  grant-pods  selfhosted project_path:acme/web:ref_type:branch:ref:main   ownaud    y
payments  grant-pods  selfhosted project_path:acme/web:ref_type:branch:ref:main   aud       -
payments  grant-pods  selfhosted project_path:acme/web:ref_type:branch:ref:dev    ownaud    -
payments  grant-pods  gitlab   project_path:acme/web:ref_type:branch:ref:main     ownaud    -
payments  grant-pods  eks      project_path:acme/web:ref_type:branch:ref:main     ownaud    -
payments  grant-pods  ACCOUNT  user/auditor                                       ok        -
payments  grant-pods  ACCOUNT  user/admin                                         wide      -

# Grants: whom they name, and no one else, whoever may assume the config's own roles.
payments  grant-reader  ACCOUNT  user/auditor                            ok       y
payments  grant-reader  ACCOUNT  user/auditor                            without  -
payments  grant-reader  ACCOUNT  user/developer                          wide     -
payments  grant-reader  ACCOUNT  role/app-1/auditor                      ok       -
payments  grant-reader  ACCOUNT  role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Audit_9  ok  y
payments  grant-reader  ACCOUNT  role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Dev_0a1b  ok -
payments  grant-reader  OTHER    user/auditor                            org,external  -
payments  grant-reader  github   repo:acme/shop:environment:production   aud      -
payments  grant-writer  github   repo:acme/app:environment:production    aud      y
payments  grant-writer  github   repo:acme/app:environment:production    otheraud -
payments  grant-writer  github   repo:acme/app:environment:staging       aud      -
payments  grant-writer  github   repo:acme/app:pull_request              aud      -
payments  grant-writer  github   repo:acme/shop:environment:production   aud      -
payments  grant-writer  ACCOUNT  user/auditor                            ok       -
payments  grant-writer  ACCOUNT  user/admin                              wide     -
`
