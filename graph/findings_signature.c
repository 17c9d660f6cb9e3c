/* Signatures of findings: the code, the library, and the pattern of what keeps the example, so that
 * the same mistake has the same signature in the next run. */
#include <string.h>
#include <xxhash.h>

#include "findings.h"
#include "pattern.h"

/* Of the holder's chain, or in garbage the ring, or what keeps the first object; NULL where there is
 * none. */
static struct hg_error *words_of(const struct answer *answer, const struct finding *finding,
				 struct patterns *patterns, char **ret)
{
	const struct holder *holder = finding_holder(answer, finding);
	_cleanup_(chain_deinit) struct chain own = {0};
	const struct chain *chain = &own;
	struct hg_error *error = NULL;
	bool ring = false;
	uint32_t pattern;

	if (holder && holder->chain.steps) {
		chain = &holder->chain;
	} else if (finding->cycle != HGS_NONE) {
		chain = &answer->cycles[finding->cycle].ring;
		ring = true;
	} else if (finding->num_objects) {
		error = chain_of(answer->s, answer->reach, finding->objects[0], &own);
	}
	if (error || !chain->steps)
		return error;
	error = patterns_of_chain(patterns, answer->s, chain, ring, &pattern);
	if (error)
		return error;
	*ret = pattern_words(patterns, pattern);
	return *ret ? NULL : &hg_error_no_memory;
}

static struct hg_error *sign(const struct answer *answer, struct finding *finding,
			     struct patterns *patterns)
{
	const char *code = finding_code_name(finding->code);
	const char *library = finding->library_name ? base_name(finding->library_name) : "";
	_cleanup_free_ char *words = NULL;
	struct hg_error *error = words_of(answer, finding, patterns, &words);

	if (error)
		return error;
	finding->pattern = finding_text("%s%s%s", library, *library && words ? ": " : "",
					words ? words : "");
	if (!finding->pattern)
		return &hg_error_no_memory;
	finding->signature = XXH3_64bits_withSeed(finding->pattern, strlen(finding->pattern),
						  XXH3_64bits(code, strlen(code)));
	return NULL;
}

struct hg_error *findings_sign(struct making *making)
{
	struct answer *answer = making->answer;
	struct patterns *patterns;
	struct hg_error *error = patterns_create(&patterns);

	if (error)
		return error;
	for (uint32_t i = 0; i < answer->num_findings && !error; i++)
		error = sign(answer, &answer->findings[i], patterns);
	patterns_destroy(patterns);
	return error;
}
