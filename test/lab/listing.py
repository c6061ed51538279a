"""Prints what is on this host as sorted lines that can be compared with those of another time."""
import hashlib, os, re, stat, subprocess

# Changes by itself, without anybody installing anything: systemd's and sudo's books, logins, the journal.
VOLATILE = (
    '/run/systemd', '/run/udev', '/run/user', '/run/sudo', '/run/utmp', '/run/log', '/run/credentials', '/run/host',
    '/run/host-sysctl', '/run/motd.dynamic', '/run/firewalld', '/run/mount', '/run/blkid', '/run/agetty.reload', '/run/faillock',
    '/var/lib/systemd', '/var/lib/sudo', '/var/lib/private/systemd', '/etc/.pwd.lock', '/etc/mtab',
)
SHOWN = ('/etc', '/usr/local', '/opt', '/var/lib', '/run')
# Started on demand and gone again after half a minute without it.
PASSING = ('systemd-hostnam', 'systemd-timedat', 'systemd-localed', 'systemd-logind', 'polkitd', '(sd-pam)')
LARGE = 4 << 20

lines = set()


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.splitlines()


def list_files():
    for top in SHOWN:
        for directory, directories, names in os.walk(top):
            directories[:] = [d for d in directories if os.path.join(directory, d) not in VOLATILE]
            for name in names + directories:
                path = os.path.join(directory, name)
                if path not in VOLATILE:
                    list_file(path)


def list_file(path):
    try:
        info = os.lstat(path)
        kind, content = 'other', ''
        if stat.S_ISLNK(info.st_mode):
            kind, content = 'symlink', os.readlink(path)
        elif stat.S_ISDIR(info.st_mode):
            kind = 'directory'
        elif stat.S_ISSOCK(info.st_mode):
            kind = 'socket'
        elif stat.S_ISREG(info.st_mode):
            kind = 'file'
            content = '%d bytes' % info.st_size
            if path.startswith('/run/') and path.endswith('.pid'):
                content = 'a pid'
            elif info.st_size <= LARGE:
                with open(path, 'rb') as file:
                    content = hashlib.sha256(file.read()).hexdigest()[:16]
    except FileNotFoundError:
        return
    mode = '%04o %d:%d' % (stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid)
    lines.add(' '.join(['file', path, kind, mode, content]).rstrip())


def list_units():
    for line in run('systemctl', 'list-unit-files', '--no-legend', '--plain', '--full'):
        fields = line.split()
        if fields[1] not in ('transient', 'generated'):
            lines.add('unit %s %s' % (fields[0], fields[1]))
    for line in run('systemctl', 'list-units', '--state=failed', '--no-legend', '--plain', '--full'):
        lines.add('unit %s has failed' % line.split()[0])


def list_mounts():
    with open('/proc/1/mountinfo') as file:
        for line in file:
            left, right = line.split(' - ')
            point, options = left.split()[4], left.split()[5].split(',')
            if not point.startswith(('/run/credentials', '/run/user', '/run/host', '/proc/sys/fs/binfmt_misc')):
                lines.add('mount %s %s %s' % (point, right.split()[0], 'ro' if 'ro' in options else 'rw'))


def list_network():
    for line in run('ip', '-o', 'link'):
        lines.add('link %s' % line.split()[1].rstrip(':').partition('@')[0])
    for line in run('ip', '-o', 'address'):
        fields = line.split()
        lines.add('address %s %s' % (fields[1], fields[3]))
    for family in ('-4', '-6'):
        for line in run('ip', family, 'route'):
            lines.add('route %s' % re.sub(r' expires \S+| linkdown| error \S+', '', line).strip())
    for line in run('ip', 'rule'):
        lines.add('rule %s' % line)


def list_firewall():
    for scope in ('--permanent', None):
        label = 'firewall permanent' if scope else 'firewall runtime'
        call = ['firewall-cmd'] + ([scope] if scope else [])
        zone = ''
        for line in run(*call, '--list-all-zones'):
            if line and not line.startswith(' '):
                zone = line.split()[0]
                active = ' active' if '(active)' in line else ''
                lines.add('%s zone %s%s' % (label, zone, active))
            elif line.strip():
                lines.add('%s zone %s %s' % (label, zone, sort_words(line.strip())))
        for ipset in ' '.join(run(*call, '--get-ipsets')).split():
            for line in run(*call, '--info-ipset=' + ipset):
                lines.add('%s ipset %s %s' % (label, ipset, sort_words(line.strip())))


def sort_words(text):
    """Sources, ports and so on have no order of their own."""
    head, colon, tail = text.partition(': ')
    return head + colon + ' '.join(sorted(tail.split())) if colon else text


def list_rules():
    path = []
    for line in run('nft', '--stateless', 'list', 'ruleset'):
        text = line.strip()
        if text.endswith('{'):
            path.append(text[:-1].strip())
            lines.add('nft ' + ' / '.join(path))
        elif text == '}':
            path.pop()
        elif text:
            lines.add('nft %s / %s' % (' / '.join(path), text))


def list_processes():
    """Names only. Not the programs of this listing, nor kernel threads and logins."""
    own = {os.getpid()}
    pid = os.getpid()
    while pid > 1:
        with open('/proc/%d/stat' % pid) as file:
            pid = int(file.read().rpartition(')')[2].split()[1])
        own.add(pid)
    own.discard(1)
    for entry in os.listdir('/proc'):
        if not entry.isdigit() or int(entry) in own:
            continue
        try:
            with open('/proc/%s/comm' % entry) as file:
                name = file.read().strip()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if name not in PASSING:
            lines.add('process ' + name)


list_processes()
list_files()
list_units()
list_mounts()
list_network()
list_firewall()
list_rules()
print('\n'.join(sorted(lines)))
