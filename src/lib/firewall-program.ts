/**
 * Reads a change as JSON on stdin ({add, remove, reload, tidy}) and applies it over D-Bus with firewalld's own library; prints
 * `changed` or `unchanged`. Works with the library of firewalld 0.9 (Debian 11, RHEL 8) to 2.x.
 */
export const FIREWALL_PROGRAM = `
import json, os, sys
from firewall.client import FirewallClient, FirewallClientIPSetSettings

job = json.load(sys.stdin)
add, remove, reload = job["add"], job["remove"], job["reload"]
try:
    client = FirewallClient()
    config = client.config()
    ready = client.connected
except Exception as error:
    sys.exit("firewalld does not answer: %s" % error)
if not ready:
    sys.exit("firewalld does not run")
changed = False

def split(port):
    return port.split("/", 1)

# Permanent, first what is added: sets before the rules that name them.
names = set(config.getIPSetNames())
for name, entries in add["ipsets"].items():
    if name not in names:
        settings = FirewallClientIPSetSettings()
        settings.setType("hash:net" if any("/" in e for e in entries) else "hash:ip")
        if any(":" in e for e in entries) or name.endswith("6"):
            settings.setOptions({"family": "inet6"})
        settings.setEntries(list(entries))
        config.addIPSet(name, settings)
        changed = True
    else:
        ipset = config.getIPSetByName(name)
        for entry in entries:
            if not ipset.queryEntry(entry):
                ipset.addEntry(entry)
                changed = True

def update_zone(name, add_ports, add_rules, add_sources, drop_ports, drop_rules, drop_sources):
    global changed
    if not (add_ports or add_rules or add_sources or drop_ports or drop_rules or drop_sources):
        return
    zone = config.getZoneByName(name)
    settings = zone.getSettings()
    touched = False
    for port in drop_ports:
        if settings.queryPort(*split(port)):
            settings.removePort(*split(port)); touched = True
    for rule in drop_rules:
        if settings.queryRichRule(rule):
            settings.removeRichRule(rule); touched = True
    for source in drop_sources:
        if settings.querySource(source):
            settings.removeSource(source); touched = True
    for port in add_ports:
        if not settings.queryPort(*split(port)):
            settings.addPort(*split(port)); touched = True
    for rule in add_rules:
        if not settings.queryRichRule(rule):
            settings.addRichRule(rule); touched = True
    for source in add_sources:
        if not settings.querySource(source):
            settings.addSource(source); touched = True
    if touched:
        zone.update(settings)
        changed = True

known_zones = set(config.getZoneNames())
if remove["zone"] != add["zone"] and remove["zone"] in known_zones:
    update_zone(remove["zone"], [], [], [], remove["ports"], remove["richRules"], [])
    remove_here = {"ports": [], "richRules": []}
else:
    remove_here = remove
update_zone(add["zone"], add["ports"], add["richRules"], [], remove_here["ports"], remove_here["richRules"], [])
update_zone("trusted", [], [], add["trustedSources"], [], [], remove["trustedSources"])
emptied = []
for name, entries in remove["ipsets"].items():
    if name not in names:
        continue
    ipset = config.getIPSetByName(name)
    for entry in entries:
        if ipset.queryEntry(entry):
            ipset.removeEntry(entry)
            changed = True
    if not ipset.getEntries():
        ipset.remove()
        emptied.append(name)
        changed = True

# What firewalld keeps of our changes after they are undone: a copy of its own zone file, and backups.
def elements(path):
    def flat(node):
        text = (node.text or "").strip()
        return (node.tag, sorted(node.attrib.items()), text, sorted(flat(child) for child in node))
    return flat(xml.parse(path).getroot())

def drop(path):
    if os.path.exists(path):
        os.remove(path)

if job.get("tidy"):
    import xml.etree.ElementTree as xml
    for name in remove["ipsets"]:
        drop("/etc/firewalld/ipsets/%s.xml.old" % name)
    for name in {remove["zone"], "trusted"}:
        own, packaged = "/etc/firewalld/zones/%s.xml" % name, "/usr/lib/firewalld/zones/%s.xml" % name
        if os.path.exists(own) and os.path.exists(packaged) and elements(own) == elements(packaged):
            drop(own)
            drop(own + ".old")

if reload:
    if changed:
        client.reload()
else:
    # At runtime the same. A set cannot come into being without a reload: until the next one its rules name addresses.
    live = set(client.getIPSets())
    members = dict(add["ipsets"])
    for name in config.getIPSetNames():
        if name not in live and name not in members:
            members[name] = config.getIPSetByName(name).getEntries()
    def spelled(rule):
        for name, entries in members.items():
            text = 'ipset="%s"' % name
            if text in rule and name not in live:
                return [rule.replace(text, 'address="%s"' % entry) for entry in entries]
        return [rule]
    def each(query, change, wanted, *arguments):
        if bool(query(*arguments)) is not wanted:
            change(*arguments)
            globals()["changed"] = True
    zone = remove["zone"]
    for port in remove["ports"]:
        each(client.queryPort, client.removePort, False, zone, *split(port))
    for rule in remove["richRules"]:
        for one in spelled(rule):
            each(client.queryRichRule, client.removeRichRule, False, zone, one)
    for source in remove["trustedSources"]:
        each(client.querySource, client.removeSource, False, "trusted", source)
    for name, entries in remove["ipsets"].items():
        for entry in entries if name in live else []:
            each(client.queryEntry, client.removeEntry, False, name, entry)
    zone = add["zone"]
    for name, entries in add["ipsets"].items():
        for entry in entries if name in live else []:
            each(client.queryEntry, client.addEntry, True, name, entry)
    for port in add["ports"]:
        each(client.queryPort, client.addPort, True, zone, *split(port))
    rules = set(add["richRules"])
    for rule in config.getZoneByName(zone).getSettings().getRichRules() if add["ipsets"] else []:
        if any(('ipset="%s"' % name) in rule and name not in live for name in add["ipsets"]):
            rules.add(rule)
    for rule in sorted(rules):
        for one in spelled(rule):
            each(client.queryRichRule, client.addRichRule, True, zone, one)
    for source in add["trustedSources"]:
        each(client.querySource, client.addSource, True, "trusted", source)
print("changed" if changed else "unchanged")
`;
