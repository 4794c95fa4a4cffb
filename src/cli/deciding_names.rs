//! Names of variables that decide which code runs or what it trusts. Permission to write a key is no permission for that.
//!
//! No list of them is complete: programs read what variables they like. It guards against accidents, and against what
//! an attacker tries first.

use std::fmt::Display;

use super::failure::Failure;
use crate::formats::EnvName;
use crate::model::ErrorKind;

#[cfg(test)]
mod tests;

/// Names, one of which may begin or end with a star for any further characters.
const REFUSED: &[&str] = &[
    // The loader and the C library: code, conversions, locales, the resolver, the allocator.
    "LD_* LDR_* DYLD_* LIBPATH SHLIB_PATH QEMU_LD_PREFIX GCONV_PATH GETCONF_DIR GLIBC_TUNABLES LOCPATH NLSPATH \
     I18NPATH TZDIR MALLOC_* _RJEM_MALLOC_CONF HOSTALIASES LOCALDOMAIN RES_OPTIONS RESOLV_* *SAN_OPTIONS \
     LLVM_PROFILE_FILE GCOV_PREFIX",
    // Where programs and their settings are found.
    "PATH HOME SHELL CDPATH TMPDIR TMP TEMP XDG_* NIX_* COMSPEC SYSTEMROOT WINDIR",
    // Shells.
    "ENV IFS PS0 PS1 PS2 PS4 BASH_* BASHOPTS SHELLOPTS PROMPT_COMMAND EXECIGNORE GLOBIGNORE HISTFILE INPUTRC MAILPATH \
     POSIXLY_CORRECT ZDOTDIR FPATH MODULE_PATH NULLCMD READNULLCMD fish_* __fish_*",
    // Terminals, and programs that others call.
    "TERMCAP TERMINFO TERMINFO_DIRS XAUTHORITY DBUS_* EDITOR *_EDITOR VISUAL FCEDIT HGEDITOR PAGER *_PAGER MANPAGER \
     MANOPT MANPATH MANROFFOPT BROWSER LESS LESSOPEN LESSCLOSE LESSEDIT LESSKEY LESSKEYIN LESSKEY_SYSTEM LESSHISTFILE \
     EXINIT VIM VIMINIT VIMRUNTIME GVIMINIT NVIM_* EMACSLOADPATH FZF_* BAT_* RIPGREP_CONFIG_PATH ACKRC",
    // Java.
    "CLASSPATH JAVA_* JDK_* _JAVA_* *_JAVA_OPTIONS *_OPTS MAVEN_* M2_HOME GRADLE_* CATALINA_* ANT_ARGS ANT_HOME \
     HADOOP_* SPARK_CLASSPATH SPARK_DIST_CLASSPATH",
    // Node.
    "NODE_* NPM_TOKEN YARN_* PNPM_* COREPACK_* BUN_* DENO_* TS_NODE_* ELECTRON_* ESBUILD_BINARY_PATH NVM_* VOLTA_* \
     UV_*",
    // Python.
    "PYTHON* PIP_* PIPENV_* POETRY_* CONDA_* VIRTUAL_ENV PYENV_* IPYTHONDIR JUPYTER_* GUNICORN_CMD_ARGS UWSGI_* \
     PYTEST_* TOX_*",
    // Perl, Ruby, PHP, Lua, R, Tcl, Erlang and others.
    "PERL* RUBY* IRBRC PRYRC GEM_HOME GEM_PATH GEMRC BUNDLE_* RBENV_* PHPRC PHP_INI_* PHP_BINARY PHP_PEAR_* COMPOSER_* LUA_* \
     LUAROCKS_CONFIG R_* RSTUDIO_WHICH_R TCLLIBPATH TCL_LIBRARY TK_LIBRARY ERL_* ELIXIR_ERL_OPTIONS MIX_HOME MIX_ARCHIVES \
     JULIA_* GUILE_* GHCRTS GHC_* OCAML* CAML_LD_LIBRARY_PATH AWKPATH AWKLIBPATH ASDF_* MISE_*",
    // .NET.
    "DOTNET_* CORECLR_* COR_* ASPNETCORE_HOSTINGSTARTUPASSEMBLIES",
    // Go, Rust, C, and what builds them.
    "GOAUTH GOBIN GOCACHE GOCACHEPROG GODEBUG GOENV GOEXPERIMENT GOFLAGS GOINSECURE GOMODCACHE GONOPROXY GONOSUMDB GOPATH \
     GOPRIVATE GOPROXY GOROOT GOSUMDB GOTOOLCHAIN GOTOOLDIR GOVCS GOWORK CGO_* CARGO_* RUSTC RUSTC_* RUSTDOC RUSTFLAGS \
     RUSTDOCFLAGS RUSTUP_* MAKEFLAGS MAKEFILES GNUMAKEFLAGS MFLAGS AR AS CC CPP CXX FC LD LEX NM \
     RANLIB YACC CFLAGS CXXFLAGS CPPFLAGS LDFLAGS CPATH \
     LIBRARY_PATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH COMPILER_PATH GCC_EXEC_PREFIX PKG_CONFIG PKG_CONFIG_* CMAKE_* CCACHE_*",
    // Version control, remote shells, archives and other tools.
    "GIT_* HG HGRCPATH SVN_SSH CVS_RSH RSYNC_* SSH_AUTH_SOCK *_ASKPASS SSH_ASKPASS_REQUIRE SUDO_* DOAS_* GREP_OPTIONS \
     TAR_OPTIONS GZIP BZIP2 XZ_OPT XZ_DEFAULTS ZIPOPT UNZIP GNUPGHOME GPG_AGENT_INFO MAGICK_* GDBINIT GH_BROWSER GH_CONFIG_DIR GUIX_* HOMEBREW_* DIRENV_CONFIG \
     STARSHIP_CONFIG SCREENRC NNN_* ZSH_CUSTOM MPLBACKEND AZURE_CONFIG_DIR",
    // Where connections go, and which certificates they accept.
    "SSL_CERT_* SSLKEYLOGFILE CURL_* REQUESTS_CA_BUNDLE WGETRC NETRC OPENSSL_* KRB5* SASL_PATH LDAPCONF LDAPRC \
     PKCS11_*",
    // Clouds, clusters, containers and deployments.
    "AWS_* DISCFG_* CLOUDSDK_* BOTO_CONFIG GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES KUBECONFIG KUBECTL_* HELM_* \
     DOCKER_HOST DOCKER_CONFIG DOCKER_CONTEXT DOCKER_CERT_PATH DOCKER_TLS_VERIFY DOCKER_CONTENT_TRUST* BUILDKIT_HOST \
     COMPOSE_FILE CONTAINER_HOST CONTAINERS_CONF TF_CLI_* TF_DATA_DIR TF_PLUGIN_* TF_REATTACH_PROVIDERS TERRAGRUNT_* \
     ANSIBLE_*",
    // Databases' clients.
    "PSQLRC PGPASSFILE PGSERVICEFILE PGSYSCONFDIR MYSQL_HOME MYSQL_TEST_LOGIN_FILE LIBMYSQL_* ORACLE_HOME TNS_ADMIN \
     ODBCINI ODBCINSTINI ODBCSYSINI",
    // Graphics, whose libraries load modules.
    "GTK_MODULES GTK_PATH GI_TYPELIB_PATH GS_LIB XFILESEARCHPATH GIO_* GDK_PIXBUF_MODULE_FILE QT_PLUGIN_PATH QT_QPA_* QML* GST_PLUGIN_* VK_* \
     LIBGL_DRIVERS_PATH OCL_ICD_* OMPI_MCA_*",
    // The runner of a GitHub job takes commands from what steps print, and from files that it names.
    "ACTIONS_* GITHUB_ENV GITHUB_PATH GITHUB_OUTPUT GITHUB_STATE GITHUB_API_URL GITHUB_SERVER_URL RUNNER_TEMP \
     RUNNER_TOOL_CACHE",
];

/// Names that their programs read in upper or lower case.
const REFUSED_IN_ANY_CASE: &[&str] =
    &["*_PROXY NPM_CONFIG_* MSBUILD* NUGET_* COMPLUS_* PSMODULEPATH PATHEXT"];

/// Names that the lists above would hold, of which a program runs nothing and trusts nobody.
const ORDINARY: &[&str] = &[
    "NODE_ENV NODE_NAME NODE_ID NODE_PORT NODE_APP_INSTANCE UV_THREADPOOL_SIZE",
    "PYTHONUNBUFFERED PYTHONDONTWRITEBYTECODE PYTHONFAULTHANDLER PYTHONHASHSEED PYTHONIOENCODING PYTHONUTF8 \
     PYTHON_VERSION PYTHON_ENV",
    "DOTNET_ENVIRONMENT DOTNET_RUNNING_IN_CONTAINER DOTNET_SYSTEM_GLOBALIZATION_INVARIANT DOTNET_CLI_TELEMETRY_OPTOUT \
     DOTNET_NOLOGO",
    "GIT_BRANCH GIT_COMMIT GIT_SHA GIT_TAG GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL",
    "JAVA_VERSION RUBY_VERSION RUBY_ENV JULIA_NUM_THREADS CARGO_TERM_COLOR TRUST_PROXY",
    "MALLOC_ARENA_MAX MALLOC_TRIM_THRESHOLD_ AWS_BUCKET AWS_BUCKET_NAME AWS_S3_BUCKET",
];

/// Whether a variable of this name decides what runs, and isn't among those that are `allowed` nevertheless.
pub(super) fn is_refused(name: &EnvName, allowed: &[EnvName]) -> bool {
    let text = name.as_str();
    let is_listed = is_among(REFUSED, text) || is_among(REFUSED_IN_ANY_CASE, &text.to_ascii_uppercase());
    is_listed && !is_among(ORDINARY, text) && !allowed.contains(name)
}

fn is_among(lists: &[&str], name: &str) -> bool {
    let mut patterns = lists.iter().flat_map(|list| list.split_ascii_whitespace());
    patterns.any(
        |pattern| match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
            (Some(end), _) => name.ends_with(end),
            (None, Some(beginning)) => name.starts_with(beginning),
            (None, None) => name == pattern,
        },
    )
}

/// Fails where there are such variables, each of which came of a key.
pub(super) fn refuse(
    variables: impl IntoIterator<Item = (impl Display, impl Display)>,
    hint: &str,
) -> Result<(), Failure> {
    let named = variables
        .into_iter()
        .map(|(name, key)| format!("{name} (from key {key})"));
    let named: Vec<String> = named.collect();
    if named.is_empty() {
        return Ok(());
    }
    let message = format!(
        "refusing variables that change what programs run: {}",
        named.join(", ")
    );
    Err(Failure::new(ErrorKind::Invalid, message).hint(hint))
}
