/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_report.c -- what a page takes in: texts, colours, pictures, commands; and what it may compare.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/host/shell.h"
#include "experiments/report/html.h"
#include "experiments/report/report.h"
#include "experiments/report/svg_inline.h"
#include "experiments/study/contest.h"

/* ---- texts --------------------------------------------------------------------------------------------------- */

/* What a writer of text makes of it; lives until the next call. */
static const char *written(void (*write)(FILE *, const char *), const char *text)
{
	static char *result;
	size_t size;
	free(result);
	FILE *to = open_memstream(&result, &size);
	write(to, text);
	fclose(to);
	return result;
}

START_TEST(text_means_nothing_to_a_browser)
{
	ck_assert_str_eq(written(html_text, "a < b & c > \"d\" 'e'"), "a &lt; b &amp; c &gt; &quot;d&quot; &#39;e&#39;");
	ck_assert_str_eq(written(html_text, "<script>alert(1)</script>"), "&lt;script&gt;alert(1)&lt;/script&gt;");
	ck_assert_str_eq(written(html_text, "&amp;"), "&amp;amp;");
	ck_assert_str_eq(written(html_text, ""), "");
	ck_assert_str_eq(written(html_text, "ä ± 𝛼\t\n"), "ä ± 𝛼\t\n");
}
END_TEST

/* Markus Kuhn's list of malformed UTF-8, in short: each byte that cannot be is one U+FFFD. */
START_TEST(what_is_no_text_becomes_a_replacement)
{
#define REPLACED "\xef\xbf\xbd"
	static const struct {
		const char *text, *becomes;
	} row[] = {
		{ "\x80", REPLACED },
		{ "\xff<", REPLACED "&lt;" },
		{ "\xc0\xbc", REPLACED REPLACED },              /* '<', overlong */
		{ "\xe2\x88", REPLACED REPLACED },              /* cut short */
		{ "\xed\xa0\x80", REPLACED REPLACED REPLACED }, /* a surrogate */
		{ "\xf4\x90\x80\x80", REPLACED REPLACED REPLACED REPLACED },
		{ "\xef\xbf\xbf", REPLACED }, /* no character */
		{ "\x01\x1b[31m", REPLACED REPLACED "[31m" },
		{ "\xc2\x85", REPLACED }, /* a control character of two bytes */
		{ "\x7f", REPLACED },
	};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		ck_assert_str_eq(written(html_text, row[i].text), row[i].becomes);
}
END_TEST

START_TEST(words_stay_words_in_a_shell)
{
	ck_assert_str_eq(written(shell_quote, "--out=runs/a-1.5,b:c@d_e+%"), "--out=runs/a-1.5,b:c@d_e+%");
	ck_assert_str_eq(written(shell_quote, ""), "''");
	ck_assert_str_eq(written(shell_quote, "a b"), "'a b'");
	ck_assert_str_eq(written(shell_quote, "it's"), "'it'\\''s'");
	ck_assert_str_eq(written(shell_quote, "$(rm -rf ~);`x`\n"), "'$(rm -rf ~);`x`\n'");
}
END_TEST

/* ---- colours ------------------------------------------------------------------------------------------------- */

static uint32_t read_ink(const char *text)
{
	uint32_t colour = 0xffffffff;
	return ink_read(text, strlen(text), &colour) ? colour : 0xffffffff;
}

START_TEST(colours_are_read_as_gnuplot_writes_them)
{
	static const char *const none[] = { "none",      "currentColor",  "rgb(256,0,0)", "rgb(1,2)", "rgb(1,2,3",
										"#12345",    "#1234567",      "#12345g",      "",         "blackish",
										"lightgrey", "rgb(-1, 2, 3)", "rgb(1,2,3)x" };
	ck_assert_uint_eq(read_ink("rgb( 38,  38,  38)"), 0x262626);
	ck_assert_uint_eq(read_ink("rgb(0,114,178)"), 0x0072b2);
	ck_assert_uint_eq(read_ink("#FFffFF"), 0xffffff);
	ck_assert_uint_eq(read_ink("black"), 0);
	ck_assert_uint_eq(read_ink("white"), 0xffffff);
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		ck_assert_msg(read_ink(none[i]) == 0xffffffff, "'%s' is no colour", none[i]);
}
END_TEST

/* The examples of WCAG: black on white 21, equal colours 1, #777 on white 4.48. */
START_TEST(contrast_is_that_of_the_standard)
{
	ck_assert_double_eq_tol(ink_contrast(0, 0xffffff), 21, 1e-9);
	ck_assert_double_eq_tol(ink_contrast(0x0072b2, 0x0072b2), 1, 1e-9);
	ck_assert_double_eq_tol(ink_contrast(0x777777, 0xffffff), 4.48, 0.005);
}
END_TEST

START_TEST(every_colour_can_be_told_from_its_paper_on_a_dark_screen)
{
	ck_assert_uint_eq(ink_on_dark(0xffffff), INK_DARK_PAPER);
	ck_assert_uint_eq(ink_on_dark(0), INK_LIGHT_INK);
	/* those of plots/style.gp; a grid may be faint */
	static const uint32_t series[] = { 0x262626, 0x8c8c8c, 0xcc79a7, 0xd55e00, 0x0072b2, 0x009e73,
									   0xe69f00, 0x56b4e9, 0x999933, 0x882255, 0x0b4a8c };
	for (size_t i = 0; i < sizeof series / sizeof *series; i++)
		ck_assert_double_ge(ink_contrast(ink_on_dark(series[i]), INK_DARK_PAPER), 3);
	/* letters: its ink_of, and the two grays of what is written beside */
	static const uint32_t letters[] = { 0x262626, 0x6e6e6e, 0xa3437a, 0xb84f00, 0x00629a, 0x007a5a,
										0x8f6400, 0x1b73a8, 0x6b6b1f, 0x882255, 0x595959 };
	for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
		ck_assert_double_ge(ink_contrast(ink_on_dark(letters[i]), INK_DARK_PAPER), 4.5);
	ck_assert_double_lt(ink_contrast(ink_on_dark(0xe4e4e4), INK_DARK_PAPER), 2);
}
END_TEST

/* ---- pictures ------------------------------------------------------------------------------------------------ */

static struct ink ink;
static struct error wrong;

/* The picture in a page; NULL when it is refused. */
static const char *inlined(const char *svg, bool coloured, bool on_paper)
{
	static char *result;
	struct svg_inline how = {
		.prefix = "p", .label = "a <label>", .coloured_areas = coloured, .on_paper = on_paper, .ink = &ink
	};
	size_t size;
	free(result);
	ink.n = 0;
	wrong = (struct error){ .code = ERROR_NONE };
	FILE *to = open_memstream(&result, &size);
	int status = svg_inline(svg, &how, to, &wrong);
	fclose(to);
	return status == 0 ? result : NULL;
}

#define OPEN "<svg class=\"chart\" role=\"img\" aria-label=\"a &lt;label&gt;\""

START_TEST(a_drawing_comes_through)
{
	ck_assert_str_eq(inlined("<?xml version=\"1.0\"?>\n<!-- > -->\n<!DOCTYPE svg>\n<svg width='3' "
							 "xmlns:xlink='x'>\n<title>Gnuplot</title>\n<desc>a < b</desc>\n<g><path d='M0,0 h1' />\n"
							 "<text xml:space='preserve'>a &lt; b</text></g></svg>\n",
							 false, false),
					 OPEN " width=\"3\"><g><path d=\"M0,0 h1\"/>"
						  "<text style=\"white-space:pre\">a &lt; b</text></g></svg>\n");
}
END_TEST

START_TEST(ids_become_the_pictures_own)
{
	ck_assert_str_eq(inlined("<svg><defs><circle id='dot'/><use xlink:href='#dot' id='two'/></defs>"
							 "<g id='gnuplot_plot_1'><use xlink:href='#two'/><g filter='url(#box)'/></g></svg>",
							 false, false),
					 OPEN "><defs><circle id=\"p-dot\"/><use href=\"#p-dot\" id=\"p-two\"/></defs>"
						  "<g><use href=\"#p-two\"/><g filter=\"url(#p-box)\"/></g></svg>\n");
}
END_TEST

START_TEST(colours_become_variables)
{
	static const char svg[] = "<svg><polygon fill='white' stroke='#262626'/><g color='black'>x</g></svg>";
	ck_assert_str_eq(inlined(svg, false, false), OPEN "><polygon fill=\"var(--iffffff)\" stroke=\"var(--i262626)\"/>"
													  "<g color=\"var(--i000000)\">x</g></svg>\n");
	ck_assert_uint_eq(ink.n, 3);
	ck_assert_str_eq(inlined(svg, true, false), OPEN "><polygon fill=\"#ffffff\" stroke=\"var(--i262626)\"/>"
													 "<g color=\"var(--i000000)\">x</g></svg>\n");
	ck_assert_ptr_nonnull(strstr(inlined(svg, false, true), "stroke=\"#262626\""));
	ck_assert_uint_eq(ink.n, 0);
}
END_TEST

START_TEST(nothing_comes_through_that_is_no_drawing)
{
	static const char *const bad[] = { "javascript", "onload", "evil", "http", "@import" };
	const char *page = inlined("<svg onload='javascript:x'><g onclick=\"x\" style='background:url(http://evil)'>"
							   "<use href='http://evil#a'/><image href='http://evil/x.png'/><image xlink:href=\""
							   "data:image/png;base64,AAAA\"/><image href='data:text/html,evil'/>"
							   "<path fill='url(http://evil#a)' d='M0,0'/><text class='evil'>t</text></g></svg>",
							   false, false);
	ck_assert_ptr_nonnull(page);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(!strstr(page, bad[i]), "'%s' is in %s", bad[i], page);
	ck_assert_ptr_nonnull(strstr(page, "href=\"data:image/png;base64,AAAA\""));
}
END_TEST

START_TEST(a_quote_cannot_leave_its_attribute)
{
	ck_assert_ptr_nonnull(strstr(inlined("<svg><text font-family='\"&gt;x'>t</text></svg>", false, false),
								 "font-family=\"&quot;&gt;x\""));
}
END_TEST

START_TEST(what_is_not_understood_is_refused)
{
	static const char *const bad[] = { "",
									   "no picture",
									   "<svg>",
									   "<svg></g>",
									   "<svg></svg",
									   "</svg>",
									   "<svg><script>x</script></svg>",
									   "<svg><foreignObject/></svg>",
									   "<svg><g></svg></g>",
									   "<svg a></svg>",
									   "<svg a=b></svg>",
									   "<svg a='b></svg>",
									   "<svg a='<'></svg>",
									   "<svg ='b'></svg>",
									   "<svg><!-- </svg>",
									   "<svg><title>",
									   "<svg><g/ ></svg>",
									   "<svg><" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_msg(!inlined(bad[i], false, false), "'%s' was taken", bad[i]);
		ck_assert_int_eq(wrong.code, ERROR_WORLD);
		ck_assert_ptr_nonnull(strstr(wrong.text, "gnuplot's picture cannot be put into a page: line 1: "));
	}
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
	char svg[8 + 100 * 4] = "<svg>";
	for (int i = 0; i < 100; i++)
		strcat(svg, "<g>");
	ck_assert_ptr_null(inlined(svg, false, false));
	ck_assert_ptr_nonnull(strstr(wrong.text, "deeply"));
}
END_TEST

START_TEST(every_chart_says_how_it_is_read)
{
	for (size_t i = 0; charts[i].name; i++)
		ck_assert_msg(*charts[i].reading != 0, "%s has no reading", charts[i].name);
}
END_TEST

/* ---- style ---------------------------------------------------------------------------------------------------- */

/* What stands between the braces of a rule: "name:value;name:value". */
static void check_declarations(const char *text, size_t length)
{
	for (const char *at = text, *end = text + length; at < end;) {
		size_t one = strcspn(at, ";}"), name = strspn(at, "-abcdefghijklmnopqrstuvwxyz");
		ck_assert_msg(name > 0 && at[name] == ':' && name + 1 < one, "no declaration: %.*s", (int)one, at);
		at += one + (at[one] == ';');
	}
}

/* The style of a page with everything; malloc'ed. */
static char *whole_style(void)
{
	char *css;
	size_t size;
	FILE *to = open_memstream(&css, &size);
	for (size_t i = 0; report_style[i]; i++)
		fputs(report_style[i], to);
	explorer_style(to);
	fclose(to);
	return css;
}

/* Every rule is SELECTOR{DECLARATIONS}, or stands in one that begins with @; a piece that was torn out leaves a rule
 * without a selector or an end. */
START_TEST(every_rule_of_the_style_is_whole)
{
	char *css = whole_style();
	size_t rules = 0;
	unsigned depth = 0;
	for (const char *at = css; *(at += strspn(at, " \n"));) {
		if (*at == '}') {
			ck_assert_msg(depth-- > 0, "an end too many: %.60s", at);
			at++;
			continue;
		}
		size_t selector = strcspn(at, "{};");
		ck_assert_msg(selector > 0 && at[selector] == '{', "no selector: %.60s", at);
		bool nests = *at == '@';
		at += selector + 1;
		if (nests) {
			depth++;
			continue;
		}
		size_t body = strcspn(at, "{}");
		ck_assert_msg(at[body] == '}', "no end: %.60s", at);
		check_declarations(at, body);
		at += body + 1;
		rules++;
	}
	ck_assert_uint_eq(depth, 0);
	ck_assert_uint_gt(rules, 40);
	free(css);
}
END_TEST

/* A variable that nothing declares makes its whole declaration void.  Those of the charts' colours are declared by the
 * page. */
START_TEST(every_variable_of_the_style_is_declared)
{
	char *css = whole_style();
	for (const char *at = css; (at = strstr(at, "var(--"));) {
		char declared[64];
		at += strlen("var(");
		snprintf(declared, sizeof declared, "%.*s:", (int)strcspn(at, ")"), at);
		ck_assert_msg(strstr(css, declared) != NULL, "%s nobody declares it", declared);
	}
	free(css);
}
END_TEST

/* ---- contests ------------------------------------------------------------------------------------------------ */

/* Two strategies on two streams, one of them with two capacities on the first. */
START_TEST(only_what_saw_one_stream_is_compared)
{
	const char *key[] = { "topicmix.shared", "capacity" };
	const char *value[][2] = { { "0", "" }, { "0.5", "" }, { "0", "1" }, { "0", "2" }, { "0.5", "1" } };
	struct study_series series[] = {
		{ .label = "hash topicmix.shared=0", .strategy = "hash", .value = value[0] },
		{ .label = "hash topicmix.shared=0.5", .strategy = "hash", .value = value[1] },
		{ .label = "top-k topicmix.shared=0 capacity=1", .strategy = "top-k", .value = value[2] },
		{ .label = "named by its author", .strategy = "top-k", .value = value[3] },
		{ .label = "top-k topicmix.shared=0.5", .strategy = "top-k", .value = value[4] }
	};
	struct study study = { .keys = 2, .key = key, .n = 5, .series = series };
	struct arena arena = { .first = NULL };
	struct contest *contest;
	ck_assert_uint_eq(contests_split(&study, &arena, &contest), 2);
	ck_assert_str_eq(contest[0].title, "topicmix.shared=0");
	ck_assert_uint_eq(contest[0].study.n, 3);
	ck_assert_str_eq(contest[0].study.series[0].label, "hash");
	ck_assert_str_eq(contest[0].study.series[1].label, "top-k capacity=1");
	ck_assert_str_eq(contest[0].study.series[2].label, "named by its author");
	ck_assert_uint_eq(contest[0].from[2], 3);
	ck_assert_uint_eq(contest[1].study.n, 2);
	ck_assert_str_eq(contest[1].study.series[1].label, "top-k");
	ck_assert_uint_eq(contest[1].from[0], 1);
	ck_assert_str_eq(series[0].label, "hash topicmix.shared=0");
	study.key = (const char *[]){ "lr", "capacity" };
	ck_assert_uint_eq(contests_split(&study, &arena, &contest), 1);
	ck_assert_str_eq(contest[0].title, "");
	ck_assert_str_eq(contest[0].study.series[1].label, series[1].label);
	arena_free(&arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("report");
	TCase *texts = tcase_create("texts"), *colours = tcase_create("colours"), *pictures = tcase_create("pictures");
	TCase *contests = tcase_create("contests");
	tcase_add_test(texts, text_means_nothing_to_a_browser);
	tcase_add_test(texts, what_is_no_text_becomes_a_replacement);
	tcase_add_test(texts, words_stay_words_in_a_shell);
	tcase_add_test(colours, colours_are_read_as_gnuplot_writes_them);
	tcase_add_test(colours, contrast_is_that_of_the_standard);
	tcase_add_test(colours, every_colour_can_be_told_from_its_paper_on_a_dark_screen);
	tcase_add_test(pictures, a_drawing_comes_through);
	tcase_add_test(pictures, ids_become_the_pictures_own);
	tcase_add_test(pictures, colours_become_variables);
	tcase_add_test(pictures, nothing_comes_through_that_is_no_drawing);
	tcase_add_test(pictures, a_quote_cannot_leave_its_attribute);
	tcase_add_test(pictures, what_is_not_understood_is_refused);
	tcase_add_test(pictures, deep_nesting_is_refused);
	tcase_add_test(pictures, every_chart_says_how_it_is_read);
	tcase_add_test(pictures, every_rule_of_the_style_is_whole);
	tcase_add_test(pictures, every_variable_of_the_style_is_declared);
	tcase_add_test(contests, only_what_saw_one_stream_is_compared);
	suite_add_tcase(suite, texts);
	suite_add_tcase(suite, colours);
	suite_add_tcase(suite, pictures);
	suite_add_tcase(suite, contests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
