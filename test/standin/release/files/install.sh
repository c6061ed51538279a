#!/bin/sh
# Installs a release the way the official install script does: same variables, messages, exit codes and prefix rule.
set -e
[ "$DEBUG" != 1 ] || set -x

RELEASES_PAGE=https://github.com/rancher/rke2/releases

info() {
  echo "[INFO]  $*"
}

warn() {
  echo "[WARN]  $*" >&2
}

fatal() {
  echo "[ERROR]  $*" >&2
  if [ -n "$SUFFIX" ]; then
    echo "[ALT] Please visit '$RELEASES_PAGE' directly and download the latest rke2.$SUFFIX.tar.gz" >&2
  fi
  exit 1
}

has() {
  command -v "$1" >/dev/null 2>&1
}

set_up() {
  [ "$(id -u)" -eq 0 ] || fatal "You need to be root to perform this install"
  INSTALL_RKE2_TYPE="${INSTALL_RKE2_TYPE:-${INSTALL_RKE2_EXEC:-server}}"
  INSTALL_RKE2_CHANNEL="${INSTALL_RKE2_CHANNEL:-stable}"
  INSTALL_RKE2_CHANNEL_URL="${INSTALL_RKE2_CHANNEL_URL:-https://update.rke2.io/v1-release/channels}"
  INSTALL_RKE2_ARTIFACT_URL="${INSTALL_RKE2_ARTIFACT_URL:-$RELEASES_PAGE/download}"
  INSTALL_RKE2_AGENT_IMAGES_DIR="${INSTALL_RKE2_AGENT_IMAGES_DIR:-/var/lib/rancher/rke2/agent/images}"
  . /etc/os-release
  choose_method
  choose_prefix
  if [ "$METHOD" = tar ] && has rpm && rpm -q rke2-common >/dev/null 2>&1; then
    fatal "Cannot perform tar install on host with existing RKE2 RPMs - please run rke2-uninstall.sh first"
  fi
  case "${ARCH:-$(uname -m)}" in
    x86_64 | amd64) SUFFIX=linux-amd64 ;;
    aarch64 | arm64) SUFFIX=linux-arm64 ;;
    s390x) SUFFIX=linux-s390x ;;
    *) fatal "unsupported architecture ${ARCH:-$(uname -m)}" ;;
  esac
  SUMS="sha256sum-${SUFFIX#linux-}.txt"
}

choose_method() {
  METHOD=tar
  case "$INSTALL_RKE2_METHOD" in
    yum | rpm | dnf) METHOD=rpm ;;
    '') [ -n "$INSTALL_RKE2_ARTIFACT_PATH$INSTALL_RKE2_COMMIT" ] || ! has yum || METHOD=rpm ;;
  esac
}

choose_prefix() {
  PREFIX="$INSTALL_RKE2_TAR_PREFIX"
  [ -z "$PREFIX" ] || return 0
  PREFIX=/usr/local
  if mountpoint -q /usr/local || ! touch /usr/local/.rke2-ro-test 2>/dev/null; then
    PREFIX=/opt/rke2
    warn "/usr/local is read-only or a mount point; installing to /opt/rke2"
  fi
  rm -f /usr/local/.rke2-ro-test 2>/dev/null || true
}

choose_downloader() {
  if has curl; then
    DOWNLOADER=curl
  elif has wget; then
    DOWNLOADER=wget
  else
    fatal "can not find curl or wget for downloading files"
  fi
}

# download FILE URL
download() {
  case "$DOWNLOADER" in
    curl) curl -o "$1" -fsSL "$2" ;;
    wget) wget -qO "$1" "$2" ;;
  esac
}

find_version() {
  if [ -n "$INSTALL_RKE2_VERSION" ]; then
    VERSION="$INSTALL_RKE2_VERSION"
  else
    info "finding release for channel $INSTALL_RKE2_CHANNEL"
    url="$INSTALL_RKE2_CHANNEL_URL/$INSTALL_RKE2_CHANNEL"
    case "$DOWNLOADER" in
      curl) target=$(curl -w '%{url_effective}' -L -s -S "$url" -o /dev/null) ;;
      wget) target=$(wget -SqO /dev/null "$url" 2>&1 | sed -n 's/^ *Location: *\([^ ]*\).*/\1/p' | tail -n 1) ;;
    esac
    VERSION=$(echo "${target##*/}" | sed 's/%2B/+/')
  fi
  info "using $VERSION as release"
}

# sum_of FILE PATTERN: the recorded sum of the file whose name ends the line.
sum_of() {
  grep "$2" "$TEMP/$SUMS" | awk '{ print $1 }'
}

# verify FILE EXPECTED
verify() {
  actual=$(sha256sum "$1" | awk '{ print $1 }')
  [ "$2" = "$actual" ] || fatal "download sha256 does not match $2, got $actual"
}

fetch_release() {
  base="$INSTALL_RKE2_ARTIFACT_URL/$(echo "$VERSION" | sed 's/+/%2B/g')"
  info "downloading checksums at $base/$SUMS"
  download "$TEMP/$SUMS" "$base/$SUMS"
  info "downloading tarball at $base/rke2.$SUFFIX.tar.gz"
  download "$TEMP/rke2.tar.gz" "$base/rke2.$SUFFIX.tar.gz"
}

stage_release() {
  info "staging local checksums from $INSTALL_RKE2_ARTIFACT_PATH/$SUMS"
  cp -f "$INSTALL_RKE2_ARTIFACT_PATH/$SUMS" "$TEMP/$SUMS"
  IMAGES=
  for kind in zst gz; do
    bundle="rke2-images.$SUFFIX.tar.$kind"
    if [ -f "$INSTALL_RKE2_ARTIFACT_PATH/$bundle" ]; then
      [ "$kind" = zst ] && name=zst || name=gzip
      info "staging $name airgap image tarball from $INSTALL_RKE2_ARTIFACT_PATH/$bundle"
      cp -f "$INSTALL_RKE2_ARTIFACT_PATH/$bundle" "$TEMP/$bundle"
      IMAGES="$bundle"
      break
    fi
  done
  info "staging tarball from $INSTALL_RKE2_ARTIFACT_PATH/rke2.$SUFFIX.tar.gz"
  cp -f "$INSTALL_RKE2_ARTIFACT_PATH/rke2.$SUFFIX.tar.gz" "$TEMP/rke2.tar.gz"
}

# A bundle without a line in the checksum file is passed over, and the extra ones with it.
install_images() {
  [ -n "$IMAGES" ] || return 0
  expected=$(sum_of "$IMAGES" "$IMAGES" || true)
  [ -n "$expected" ] || return 0
  info "verifying airgap tarball"
  verify "$TEMP/$IMAGES" "$expected"
  mkdir -p "$INSTALL_RKE2_AGENT_IMAGES_DIR"
  case "$IMAGES" in
    *.gz)
      info "decompressing airgap tarball to $INSTALL_RKE2_AGENT_IMAGES_DIR"
      gzip -dc "$TEMP/$IMAGES" >"$INSTALL_RKE2_AGENT_IMAGES_DIR/${IMAGES%.gz}"
      ;;
    *)
      info "installing airgap tarball to $INSTALL_RKE2_AGENT_IMAGES_DIR"
      mv -f "$TEMP/$IMAGES" "$INSTALL_RKE2_AGENT_IMAGES_DIR/$IMAGES"
      ;;
  esac
  for extra in "$INSTALL_RKE2_ARTIFACT_PATH"/rke2-images-*."$SUFFIX"*; do
    [ -e "$extra" ] || continue
    info "Installing airgap image from $extra"
    cp -f "$extra" "$INSTALL_RKE2_AGENT_IMAGES_DIR/"
  done
}

unpack() {
  info "verifying tarball"
  verify "$TEMP/rke2.tar.gz" "$(sum_of rke2 "rke2.$SUFFIX.tar.gz" || true)"
  info "unpacking tarball file to $PREFIX"
  mkdir -p "$PREFIX"
  tar xzf "$TEMP/rke2.tar.gz" -C "$PREFIX"
  if [ "$PREFIX" != /usr/local ]; then
    sed -i "s|/usr/local|$PREFIX|" "$PREFIX"/lib/systemd/system/rke2-*.service "$PREFIX/bin/rke2-uninstall.sh"
    mv -f "$PREFIX"/lib/systemd/system/rke2-*.service /etc/systemd/system/
    info "install complete; you may want to run:  export PATH=\$PATH:$PREFIX/bin"
  fi
  [ -n "$INSTALL_RKE2_SKIP_RELOAD" ] || systemctl daemon-reload
}

remove_temp() {
  code=$?
  trap - EXIT
  rm -rf "$TEMP"
  exit $code
}

set_up
[ -n "$INSTALL_RKE2_ARTIFACT_PATH" ] || choose_downloader
[ "$METHOD" = tar ] || fatal "the stand-in release has no RPM repository"
TEMP=$(mktemp -d -t rke2-install.XXXXXXXXXX)
trap remove_temp EXIT INT
if [ -n "$INSTALL_RKE2_ARTIFACT_PATH" ]; then
  stage_release
  install_images
else
  find_version
  fetch_release
fi
unpack
exit 0
