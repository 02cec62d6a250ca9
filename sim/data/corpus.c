/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * corpus.c -- real text, byte by byte: each file or sub-folder of a folder is a domain.
 *
 * The last part of each domain is held out for evaluation; no training sequence reaches into it.
 */
#include <config.h>

#include <errno.h>
#include <fts.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/base/discrete.h"
#include "sim/base/files.h"
#include "sim/base/text.h"
#include "sim/data/stream.h"

enum { BYTES = 256, DOMAINS_MAX = 256, MIX_EQUAL = 0, MIX_SIZE = 1 };

struct corpus {
	const char *path;
	double held_out;
	int64_t limit;
	int mix;
};

static const char *const mixes[] = { [MIX_EQUAL] = "equal", [MIX_SIZE] = "size", NULL };

#define AT(field) .at = offsetof(struct corpus, field)
static const struct moe_opt options[] = {
	{ .name = "path",
	  .type = MOE_OPT_TEXT,
	  AT(path),
	  .help = "folder whose files and subfolders are the domains, or a single file; hidden files are skipped" },
	{ .name = "held-out",
	  .type = MOE_OPT_REAL,
	  AT(held_out),
	  .low = 0.001,
	  .high = 0.9,
	  .preset = 0.1,
	  .help = "fraction of each domain, at its end, that is held out for evaluation" },
	{ .name = "mix",
	  .type = MOE_OPT_CHOICE,
	  AT(mix),
	  .choices = mixes,
	  .preset = MIX_EQUAL,
	  .help = "how often each domain is drawn: equally, or in proportion to its size" },
	{ .name = "limit",
	  .type = MOE_OPT_INT,
	  AT(limit),
	  .low = 1,
	  .high = 4e9,
	  .preset = 2e9,
	  .unit = "bytes",
	  .help = "largest corpus that is accepted" },
	{ .name = NULL },
};
#undef AT

struct domain {
	const char *name, *path;
	size_t start, size; /* bytes [start, start + size) of the text */
	size_t train;       /* the first so many are for training */
};

/* One file to read; its identity tells whether another path leads to it too. */
struct file {
	dev_t device;
	ino_t inode;
	const char *path;
	size_t size;
	struct file *next;
};

struct law {
	struct corpus opt;
	size_t domains, size;
	struct domain domain[DOMAINS_MAX];
	const char *names[DOMAINS_MAX];
	char *text; /* [size] */
	gsl_ran_discrete_t *draw_domain;
	struct file *first, **end; /* the files, domain by domain */
	void *seen;                /* the same as a search tree */
	struct arena files, memory;
};

static int fail_path(struct error *err, enum error_code code, const char *path, const char *what)
{
	fail(err, code, "%s", what);
	return fail_at(err, path, 0, 0);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int by_identity(const void *a, const void *b)
{
	const struct file *x = a, *y = b;
	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	return (x->inode > y->inode) - (x->inode < y->inode);
}

static int add_domain(struct law *law, const FTSENT *entry, struct error *err)
{
	if (law->domains == DOMAINS_MAX)
		return fail_path(err, ERROR_USER, law->opt.path,
						 "more than 256 files and subfolders (put the files of one domain into a subfolder)");
	const char *slash = strrchr(entry->fts_path, '/');
	struct domain *domain = &law->domain[law->domains];
	domain->path = text_keep(entry->fts_path);
	domain->name = entry->fts_level > 0 || slash == NULL ? text_keep(entry->fts_name) : text_keep(slash + 1);
	domain->start = law->size;
	law->names[law->domains++] = domain->name;
	return 0;
}

/* A file that links make appear twice counts once, where it came first: so no held-out byte is trained on. */
static int add_file(struct law *law, const FTSENT *entry, struct error *err)
{
	const struct stat *stat = entry->fts_statp;
	struct file *file = ARENA_TAKE(&law->files, 1, struct file);
	*file = (struct file){ .device = stat->st_dev, .inode = stat->st_ino, .size = (size_t)stat->st_size };
	struct file **found = tsearch(file, &law->seen, by_identity);
	if (found == NULL)
		error_no_memory("the list of a corpus");
	if (*found != file)
		return 0;
	if (file->size > (size_t)law->opt.limit - law->size) {
		char limit[TEXT_NUMBER];
		fail(err, ERROR_USER, "the corpus is larger than %s (raise limit=, or use fewer files)",
			 text_of_bytes((double)law->opt.limit, limit));
		return fail_at(err, law->opt.path, 0, 0);
	}
	file->path = text_keep(entry->fts_path);
	law->size += file->size;
	law->domain[law->domains - 1].size += file->size;
	*law->end = file;
	law->end = &file->next;
	return 0;
}

static int visit(struct law *law, const FTSENT *entry, struct error *err)
{
	bool starts_domain = entry->fts_level == 1 || (entry->fts_level == 0 && entry->fts_info == FTS_F);
	switch (entry->fts_info) {
	case FTS_D:
		return starts_domain ? add_domain(law, entry, err) : 0;
	case FTS_F:
		if (starts_domain)
			TRY(add_domain(law, entry, err));
		return add_file(law, entry, err);
	case FTS_DP:
		return 0;
	case FTS_DC:
		return fail_path(err, ERROR_USER, entry->fts_path,
						 "a symbolic link leads back to a folder above it (remove it)");
	case FTS_SLNONE:
		return fail_path(err, ERROR_USER, entry->fts_path, "a dangling symbolic link (remove it)");
	case FTS_DEFAULT:
		return fail_path(err, ERROR_USER, entry->fts_path, "is neither a file nor a folder");
	default:
		return fail_path(err, entry->fts_errno == ENOENT ? ERROR_USER : ERROR_WORLD, entry->fts_path,
						 text_keep_f("cannot read: %s", strerror(entry->fts_errno)));
	}
}

static bool is_hidden(const FTSENT *entry)
{
	return entry->fts_level > 0 && entry->fts_name[0] == '.';
}

static int walk(struct law *law, FTS *tree, struct error *err)
{
	for (FTSENT *entry; errno = 0, (entry = fts_read(tree)) != NULL;) {
		if (!is_hidden(entry))
			TRY(visit(law, entry, err));
		else if (entry->fts_info == FTS_D)
			fts_set(tree, entry, FTS_SKIP);
	}
	if (errno != 0)
		return fail_path(err, ERROR_WORLD, law->opt.path, text_keep_f("cannot read: %s", strerror(errno)));
	return 0;
}

static int find_files(struct law *law, struct error *err)
{
	if (*law->opt.path == '\0')
		return fail(err, ERROR_USER, "corpus: missing path (corpus,path=FOLDER)");
	char *path = strdup(law->opt.path), *const paths[] = { path, NULL };
	FTS *tree = path == NULL ? NULL : fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, by_name);
	if (tree == NULL)
		error_no_memory("the list of a corpus");
	int status = walk(law, tree, err);
	fts_close(tree);
	free(path);
	if (status == 0 && law->domains == 0)
		return fail_path(err, ERROR_USER, law->opt.path, "the folder is empty (each file or subfolder is a domain)");
	return status;
}

static int read_file(const struct file *file, size_t limit, char *into, struct error *err)
{
	char *bytes;
	size_t size;
	TRY(file_read(file->path, limit, &bytes, &size, err));
	if (size == file->size)
		memcpy(into, bytes, size);
	free(bytes);
	return size == file->size ? 0 : fail_path(err, ERROR_WORLD, file->path, "changed while it was being read");
}

static int read_files(struct law *law, struct error *err)
{
	law->text = ARENA_TAKE(&law->memory, law->size + 1, char);
	char *into = law->text;
	for (const struct file *file = law->first; file != NULL; into += file->size, file = file->next)
		TRY(read_file(file, (size_t)law->opt.limit, into, err));
	return 0;
}

static int check_domain(const struct domain *domain, size_t length, struct error *err)
{
	size_t held_out = domain->size - domain->train;
	if (domain->train > length && held_out > length)
		return 0;
	fail(err, ERROR_USER,
		 "domain '%s' has %zu bytes for training and %zu held out; a sequence of %zu tokens needs %zu of each (add "
		 "text, shorten the sequences, or change held-out)",
		 domain->name, domain->train, held_out, length, length + 1);
	return fail_at(err, domain->path, 0, 0);
}

static int check(const void *opaque, const struct stream_use *use, struct error *err)
{
	const struct law *law = opaque;
	for (size_t z = 0; z < law->domains; z++)
		TRY(check_domain(&law->domain[z], use->length, err));
	return 0;
}

static void split(struct law *law)
{
	double weight[DOMAINS_MAX];
	for (size_t z = 0; z < law->domains; z++) {
		struct domain *domain = &law->domain[z];
		domain->train = domain->size - (size_t)((double)domain->size * law->opt.held_out);
		weight[z] = law->opt.mix == MIX_SIZE ? (double)domain->size : 1;
	}
	law->draw_domain = discrete_open(law->domains, weight);
}

/* Entropy of the bytes' frequencies, domains weighted as they are drawn. */
static double unigram_entropy(const struct law *law)
{
	double share[BYTES] = { 0 }, entropy = 0;
	for (size_t z = 0; z < law->domains; z++) {
		const struct domain *domain = &law->domain[z];
		size_t count[BYTES] = { 0 };
		for (size_t i = 0; i < domain->size; i++)
			count[(unsigned char)law->text[domain->start + i]]++;
		double weight = gsl_ran_discrete_pdf(z, law->draw_domain);
		for (size_t byte = 0; byte < BYTES; byte++)
			share[byte] += weight * (double)count[byte] / (double)domain->size;
	}
	for (size_t byte = 0; byte < BYTES; byte++)
		if (share[byte] > 0)
			entropy -= share[byte] * log(share[byte]);
	return entropy;
}

/* Of the bytes, and of the domains' names and places. */
static uint64_t hash_content(const struct law *law)
{
	uint64_t hash = text_hash_bytes(law->text, law->size, TEXT_HASH_START);
	for (size_t z = 0; z < law->domains; z++) {
		const struct domain *domain = &law->domain[z];
		hash = text_hash_bytes(domain->name, strlen(domain->name) + 1, hash);
		hash = text_hash_bytes(&domain->start, sizeof domain->start, hash);
	}
	return hash;
}

static void leave(void *node)
{
	(void)node; /* the arena owns the files */
}

static void forget_files(struct law *law)
{
	tdestroy(law->seen, leave);
	arena_free(&law->files);
	law->seen = law->first = NULL;
}

static void close_law(void *opaque)
{
	struct law *law = opaque;
	if (law->draw_domain != NULL)
		gsl_ran_discrete_free(law->draw_domain);
	forget_files(law);
	arena_free(&law->memory);
	free(law);
}

/* The smallest sequence is asked for here, so that a domain of one byte is refused before anything else happens. */
static int load(struct law *law, struct error *err)
{
	TRY(find_files(law, err));
	for (size_t z = 0; z < law->domains; z++)
		if (law->domain[z].size == 0)
			return fail_path(err, ERROR_USER, law->domain[z].path,
							 "empty, or only links to files of an earlier domain (remove it)");
	TRY(read_files(law, err));
	split(law);
	return check(law, &(struct stream_use){ .length = 1 }, err);
}

static void *open_law(const void *opt, uint64_t seed, struct stream *stream, struct error *err)
{
	struct law *law = calloc(1, sizeof *law);
	if (law == NULL)
		error_no_memory("the stream corpus");
	(void)seed; /* the text is the same for all seeds; only the draws differ */
	law->opt = *(const struct corpus *)opt;
	law->end = &law->first;
	if (load(law, err) != 0) {
		close_law(law);
		return NULL;
	}
	forget_files(law);
	stream->vocabulary = BYTES;
	stream->domains = law->domains;
	stream->domain_names = law->names;
	stream->uniform = log(BYTES);
	stream->unigram = unigram_entropy(law);
	stream->content = hash_content(law);
	return law;
}

static void fill(void *opaque, gsl_rng *rng, bool held_out, struct batch *batch)
{
	const struct law *law = opaque;
	for (size_t s = 0; s < batch->sequences; s++) {
		size_t z = gsl_ran_discrete(rng, law->draw_domain);
		const struct domain *domain = &law->domain[z];
		size_t part = held_out ? domain->size - domain->train : domain->train;
		if (part <= batch->length)
			BUG("a corpus too short for its sequences: stream_check() was not asked");
		const char *from = law->text + domain->start + (held_out ? domain->train : 0);
		from += gsl_rng_uniform_int(rng, part - batch->length);
		for (size_t t = 0; t < batch->length; t++) {
			size_t at = s * batch->length + t;
			batch->id[at] = (unsigned char)from[t];
			batch->target[at] = (unsigned char)from[t + 1];
			batch->domain[at] = (uint32_t)z;
		}
	}
}

/* A byte alone is a character in ASCII only; the others are written as C does, so that what is made of them is text. */
static const char *write_byte(const void *law, uint32_t token)
{
	(void)law;
	switch (token) {
	case '\n':
		return "\\n";
	case '\t':
		return "\\t";
	case '\r':
		return "\\r";
	case '\\':
		return "\\\\";
	default:
		return text_keep_f(token >= ' ' && token <= '~' ? "%c" : "\\x%02x", (int)token);
	}
}

static bool one_domain(const struct stream *stream)
{
	return stream->domains == 1;
}

static const struct stream_rule rules[] = {
	{ "mix", one_domain, "there is one domain (name a folder of several files or sub-folders)" },
	{ .option = NULL },
};

const struct stream_type stream_corpus = {
	.name = "corpus",
	.summary = "real text as bytes: each file or subfolder of a folder is a labeled domain",
	.use =
		"your own text, with named domains; the Bayes loss is unknown, so compare losses only under equal conditions",
	.formula =
		"a domain is drawn by `mix`, then length + 1 bytes from a uniformly random position in it; evaluation draws "
		"from the last part of each domain, `held-out`, and training from the rest\n"
		"the files of a domain are joined in the order of their names; a file that is linked more than once is read "
		"once\n"
		"Bayes loss: unknown; unigram: entropy of the byte frequencies",
	.cite = "Graves (2013), Generating Sequences With Recurrent Neural Networks (text modeled byte by byte)",
	.opts = options,
	.opts_size = sizeof(struct corpus),
	.rules = rules,
	.open = open_law,
	.check = check,
	.fill = fill,
	.bayes = NULL,
	.text = write_byte,
	.close = close_law,
};
