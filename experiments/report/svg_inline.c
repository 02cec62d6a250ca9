/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * svg_inline.c -- puts an SVG file that gnuplot has drawn into a web page.
 */
#include <config.h>

#include "experiments/report/svg_inline.h"

#include <string.h>

#include "experiments/report/html.h"
#include "sim/base/text.h"

static const char *const elements[] = { "svg",     "g",       "defs",           "path",        "circle",  "rect",
										"line",    "polygon", "polyline",       "use",         "text",    "tspan",
										"image",   "filter",  "feFlood",        "feComposite", "pattern", "clipPath",
										"ellipse", "mask",    "linearGradient", "stop",        NULL };

static const char *const attributes[] = { "color",
										  "cx",
										  "cy",
										  "d",
										  "dx",
										  "dy",
										  "fill",
										  "fill-opacity",
										  "fill-rule",
										  "filter",
										  "filterUnits",
										  "flood-color",
										  "flood-opacity",
										  "font-family",
										  "font-size",
										  "font-style",
										  "font-weight",
										  "height",
										  "image-rendering",
										  "in",
										  "in2",
										  "opacity",
										  "operator",
										  "patternUnits",
										  "points",
										  "preserveAspectRatio",
										  "r",
										  "result",
										  "rx",
										  "ry",
										  "shape-rendering",
										  "stroke",
										  "stroke-dasharray",
										  "stroke-linecap",
										  "stroke-linejoin",
										  "stroke-opacity",
										  "stroke-width",
										  "text-anchor",
										  "transform",
										  "viewBox",
										  "width",
										  "x",
										  "x1",
										  "x2",
										  "y",
										  "y1",
										  "y2",
										  NULL };

struct span {
	const char *at;
	size_t length;
};

static bool is(struct span span, const char *word)
{
	return strlen(word) == span.length && memcmp(span.at, word, span.length) == 0;
}

static bool begins(struct span span, const char *word)
{
	return span.length >= strlen(word) && memcmp(span.at, word, strlen(word)) == 0;
}

static bool is_listed(const char *const *list, struct span name)
{
	for (; *list; list++)
		if (is(name, *list))
			return true;
	return false;
}

enum { DEPTH_MOST = 64 };

struct copy {
	const char *start, *at; /* the SVG */
	const struct svg_inline *how;
	FILE *to;
	struct error *err;
	bool in_defs, began;
	size_t depth;
	struct span open[DEPTH_MOST]; /* [depth] elements that wait for their end */
};

static int malformed(const struct copy *copy, const char *what)
{
	unsigned line = 1;
	for (const char *c = copy->start; c < copy->at; c++)
		line += *c == '\n';
	return fail(copy->err, ERROR_WORLD, "gnuplot's picture cannot be put into a page: line %u: %s", line, what);
}

static void skip_blanks(struct copy *copy)
{
	copy->at += strspn(copy->at, " \t\r\n");
}

static struct span read_word(struct copy *copy)
{
	struct span word = { copy->at, strcspn(copy->at, " \t\r\n=/><'\"") };
	copy->at += word.length;
	return word;
}

static int read_value(struct copy *copy, struct span *value)
{
	skip_blanks(copy);
	if (*copy->at++ != '=')
		return malformed(copy, "an attribute without a value");
	skip_blanks(copy);
	char quote = *copy->at;
	if (quote != '"' && quote != '\'')
		return malformed(copy, "a value without quotes");
	const char *end = strchr(++copy->at, quote);
	if (!end || memchr(copy->at, '<', (size_t)(end - copy->at)))
		return malformed(copy, "a value without an end");
	*value = (struct span){ copy->at, (size_t)(end - copy->at) };
	copy->at = end + 1;
	return 0;
}

/* The value stays as it was escaped, but for the quotes that now stand around it. */
static void write_value(const struct copy *copy, struct span name, struct span value)
{
	fprintf(copy->to, " %.*s=\"", (int)name.length, name.at);
	for (size_t i = 0; i < value.length; i++)
		if (value.at[i] == '"')
			fputs("&quot;", copy->to);
		else
			putc(value.at[i], copy->to);
	putc('"', copy->to);
}

static bool is_colour(struct span name)
{
	return is(name, "fill") || is(name, "stroke") || is(name, "color") || is(name, "flood-color");
}

static void write_colour(const struct copy *copy, struct span element, struct span name, struct span value)
{
	uint32_t colour;
	bool area = is(element, "polygon") && is(name, "fill");
	if (!ink_read(value.at, value.length, &colour)) {
		write_value(copy, name, value);
		return;
	}
	fprintf(copy->to, " %.*s=\"", (int)name.length, name.at);
	if (copy->how->on_paper || (area && copy->how->coloured_areas))
		fprintf(copy->to, "#%06x", (unsigned)colour);
	else
		ink_use(copy->how->ink, colour, copy->to);
	putc('"', copy->to);
}

/* Only what stands in the picture's definitions is referred to; gnuplot names some other things, and twice. */
static void write_id(const struct copy *copy, struct span value)
{
	if (copy->in_defs)
		fprintf(copy->to, " id=\"%s-%.*s\"", copy->how->prefix, (int)value.length, value.at);
}

/* A reference into the picture itself, or a bitmap that it brings along. */
static void write_link(const struct copy *copy, struct span element, struct span value)
{
	if (is(element, "image") && begins(value, "data:image/png;base64,"))
		fprintf(copy->to, " href=\"%.*s\"", (int)value.length, value.at);
	else if (is(element, "use") && begins(value, "#"))
		fprintf(copy->to, " href=\"#%s-%.*s\"", copy->how->prefix, (int)value.length - 1, value.at + 1);
}

/* "url(#textbox)" */
static bool write_local_url(const struct copy *copy, struct span name, struct span value)
{
	if (!memmem(value.at, value.length, "url", 3))
		return false;
	if (begins(value, "url(#"))
		fprintf(copy->to, " %.*s=\"url(#%s-%.*s\"", (int)name.length, name.at, copy->how->prefix, (int)value.length - 5,
				value.at + 5);
	return true;
}

static void write_attribute(const struct copy *copy, struct span element, struct span name, struct span value)
{
	if (is(name, "id"))
		write_id(copy, value);
	else if (is(name, "xlink:href") || is(name, "href"))
		write_link(copy, element, value);
	else if (is(name, "xml:space"))
		fputs(" style=\"white-space:pre\"", copy->to);
	else if (!is_listed(attributes, name) || write_local_url(copy, name, value))
		return;
	else if (is_colour(name))
		write_colour(copy, element, name, value);
	else
		write_value(copy, name, value);
}

static int copy_attributes(struct copy *copy, struct span element)
{
	for (;;) {
		struct span name, value = { NULL, 0 };
		skip_blanks(copy);
		if (*copy->at == '>' || *copy->at == '/' || *copy->at == '\0')
			return 0;
		name = read_word(copy);
		if (name.length == 0)
			return malformed(copy, "an attribute without a name");
		TRY(read_value(copy, &value));
		write_attribute(copy, element, name, value);
	}
}

/* What the page's style and its readers need of the outermost element. */
static void write_role(struct copy *copy)
{
	fprintf(copy->to, " class=\"chart%s\"", copy->how->on_paper ? " paper" : "");
	fputs(" role=\"img\" aria-label=\"", copy->to);
	html_text(copy->to, copy->how->label);
	putc('"', copy->to);
	copy->began = true;
}

static int end_element(struct copy *copy)
{
	copy->at += 2;
	struct span name = read_word(copy);
	skip_blanks(copy);
	const struct span *open = copy->depth ? &copy->open[copy->depth - 1] : NULL;
	if (*copy->at != '>' || !open || open->length != name.length || memcmp(open->at, name.at, name.length) != 0)
		return malformed(copy, "an end tag out of place");
	copy->at++;
	copy->depth--;
	if (is(name, "defs"))
		copy->in_defs = false;
	fprintf(copy->to, "</%.*s>", (int)name.length, name.at);
	return 0;
}

static int begin_element(struct copy *copy, struct span name)
{
	if (!is_listed(elements, name))
		return malformed(copy, text_keep_f("<%.*s> is unknown here", (int)name.length, name.at));
	if (is(name, "defs"))
		copy->in_defs = true;
	fprintf(copy->to, "<%.*s", (int)name.length, name.at);
	if (!copy->began)
		write_role(copy);
	TRY(copy_attributes(copy, name));
	bool empty = *copy->at == '/';
	copy->at += empty;
	if (*copy->at != '>')
		return malformed(copy, "a tag without an end");
	copy->at++;
	fputs(empty ? "/>" : ">", copy->to);
	if (empty && is(name, "defs"))
		copy->in_defs = false;
	if (empty)
		return 0;
	if (copy->depth == DEPTH_MOST)
		return malformed(copy, "it is nested too deeply");
	copy->open[copy->depth++] = name;
	return 0;
}

/* Comments, declarations, and the words that gnuplot describes itself with. */
static int skip(struct copy *copy, const char *until)
{
	const char *end = strstr(copy->at, until);
	if (!end)
		return malformed(copy, text_keep_f("no %s", until));
	copy->at = end + strlen(until);
	return 0;
}

static int copy_tag(struct copy *copy)
{
	if (strncmp(copy->at, "<!--", 4) == 0)
		return skip(copy, "-->");
	if (copy->at[1] == '!' || copy->at[1] == '?')
		return skip(copy, ">");
	if (copy->at[1] == '/')
		return end_element(copy);
	copy->at++;
	struct span name = read_word(copy);
	if (is(name, "title"))
		return skip(copy, "</title>");
	if (is(name, "desc"))
		return skip(copy, "</desc>");
	return begin_element(copy, name);
}

/* Text outside of the outermost element is none of the picture's; inside, empty lines are a third of gnuplot's file. */
static void copy_text(struct copy *copy)
{
	size_t length = strcspn(copy->at, "<");
	bool blank = strspn(copy->at, " \t\r\n") >= length;
	for (size_t i = 0; copy->depth > 0 && !blank && i < length; i++)
		if (copy->at[i] == '>')
			fputs("&gt;", copy->to);
		else
			putc(copy->at[i], copy->to);
	copy->at += length;
}

int svg_inline(const char *svg, const struct svg_inline *how, FILE *to, struct error *err)
{
	struct copy copy = { .start = svg, .at = svg, .how = how, .to = to, .err = err };
	while (*copy.at) {
		copy_text(&copy);
		if (*copy.at)
			TRY(copy_tag(&copy));
	}
	if (!copy.began || copy.depth > 0)
		return malformed(&copy, copy.began ? "it ends too early" : "it holds no picture");
	putc('\n', to);
	return 0;
}
