/* postfix_classes.c - sdrctl check mta: Postfix's address classes
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/postfix.h"

#include <string.h>
#include <strings.h>

const struct class_parameters address_classes[] = {
    [LOCAL] = {"mydestination", "local_recipient_maps", "local_transport"},
    [ALIAS] = {"virtual_alias_domains", "virtual_alias_maps",
               "default_transport"},
    [VIRTUAL] = {"virtual_mailbox_domains", "virtual_mailbox_maps",
                 "virtual_transport"},
    [RELAY] = {"relay_domains", "relay_recipient_maps", "relay_transport"},
};

/* Whether DOMAIN is in the list of domains and tables of a parameter.
 * ".example.com" matches subdomains. A file of domains is not read: PERHAPS. */
static enum answer
has_domain(struct postfix *p, const char *parameter, const char *domain)
{
    const char *list = get(p, NULL, parameter);
    char word[VALUE_SIZE], value[VALUE_SIZE];
    enum answer answer = NO;

    while (answer != YES && next_word(&list, word, sizeof word)) {
        if (strcasecmp(word, domain) == 0
            || (word[0] == '.' && is_below(domain, word + 1)))
            return YES;
        if (strchr(word, ':') != NULL) {
            enum answer one = query(p, parameter, word, domain, true, value);

            answer = one != NO ? one : answer;
        } else if (strchr(word, '/') != NULL) {
            answer = PERHAPS;
        }
    }
    return answer;
}

bool
relays_below(const struct postfix *p, const char *domain)
{
    const char *list = get(p, NULL, "relay_domains");
    char word[512];

    if (!has_word(get(p, NULL, "parent_domain_matches_subdomains"),
                  "relay_domains"))
        return false;
    while (next_word(&list, word, sizeof word)) {
        if (is_below(domain, word))
            return true;
    }
    return false;
}

enum address_class
find_class(struct postfix *p, const char *domain)
{
    enum address_class found = NO_CLASS;

    for (int i = 0; i < CLASS_COUNT; i++) {
        enum answer answer = has_domain(p, address_classes[i].domains, domain);

        if (answer == YES)
            return (enum address_class)i;
        found = answer == PERHAPS ? UNKNOWN_CLASS : found;
    }
    return found;
}

/* True if each word of a list is in the other list. */
static bool
has_words(const char *list, const char *words)
{
    char word[VALUE_SIZE];

    while (next_word(&words, word, sizeof word)) {
        if (!has_word(list, word))
            return false;
    }
    return true;
}

enum address_class
find_other_class(struct postfix *p, const char *domain, enum address_class kind)
{
    const char *first = get(p, NULL, address_classes[kind].domains);

    for (int i = (int)kind + 1; i < CLASS_COUNT; i++) {
        const char *parameter = address_classes[i].domains;

        if (has_domain(p, parameter, domain) == YES
            && !(kind == LOCAL && i == RELAY
                 && has_words(get(p, NULL, parameter), first)))
            return (enum address_class)i;
    }
    return NO_CLASS;
}
